import { z } from 'zod'

/** A point in time: ISO 8601, UTC, milliseconds. */
export const timeSchema = z.iso.datetime({ precision: 3 }).describe('ISO 8601, UTC, milliseconds')
export const nameSchema = z.string().min(1).max(128)
export const textSchema = z.string().max(8192)
export const idSchema = z.string().min(1).max(64)
export const labelsSchema = z.record(z.string().max(128), z.string().max(1024)).describe('What tells one series from another')
export const severitySchema = z.enum(['info', 'warning', 'critical'])

/** What every message on the bus carries, before its body. Unknown fields are ignored; changes are additive only. */
export const envelopeShape = {
  v: z.literal(1).describe('Version of the contract'),
  id: idSchema.describe('Unique and sortable; kept when the message is sent again'),
  time: timeSchema.describe('When it happened, by the clock of the source'),
  host: z.string().min(1).max(253).nullable().describe('Plain host name, as in the subject; null for what belongs to no host'),
  source: z.string().min(1).max(320).describe('service@host'),
  correlation_id: idSchema.describe('Runs from the first sign to the alert, the heal, the notification and the report'),
}

const envelopeSchema = z.object(envelopeShape)
export type Envelope = z.infer<typeof envelopeSchema>
