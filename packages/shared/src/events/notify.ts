import { z } from 'zod'
import { envelopeShape, idSchema, nameSchema, textSchema } from './envelope.ts'

const notifyOutcomes = ['delivered', 'deferred', 'failed', 'dead'] as const

export const notifyEventSchema = z
  .object({
    ...envelopeShape,
    channel: nameSchema,
    kind: nameSchema.describe('log, webhook, slack...'),
    outcome: z.enum(notifyOutcomes),
    notification: idSchema.describe('Idempotency key: the same for every attempt'),
    attempt: z.int().min(1),
    subject: textSchema.describe('What it was about, in one line'),
    about: z.array(idSchema).max(256).describe('Fingerprints of the alerts in it'),
    error: textSchema.nullable(),
    latency_seconds: z.number().nonnegative().nullable(),
  })
  .describe('What became of a notification.')
export type NotifyEvent = z.infer<typeof notifyEventSchema>
