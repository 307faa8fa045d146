import { z } from 'zod'
import { envelopeShape, nameSchema, textSchema, timeSchema } from './envelope.ts'

export const logEventSchema = z
  .object({
    ...envelopeShape,
    log_source: nameSchema,
    level: z.enum(['debug', 'info', 'warning', 'error', 'critical']),
    message: textSchema,
    fingerprint: z.string().max(128).nullable(),
    count: z.int().min(1),
    request_id: nameSchema.optional().describe('What the application calls the request, when its line says so'),
    first_seen_time: timeSchema.optional().describe('When the first line of this error group came'),
    fields: z.record(z.string().max(128), z.union([z.string().max(4096), z.number(), z.boolean(), z.null()])),
  })
  .describe('An error group, a burst of failed logins, or a shipped line; masked before it leaves the host.')
export type LogEvent = z.infer<typeof logEventSchema>
