import { z } from 'zod'
import { envelopeShape, nameSchema, textSchema } from './envelope.ts'

export const deadEventSchema = z
  .object({
    ...envelopeShape,
    service: nameSchema,
    reason: nameSchema.describe('Stable code, e.g. `bad_json`, `schema`, `host_mismatch`, `too_many_attempts`'),
    message: textSchema,
    subject: z.string().max(1024).describe('Where it came from'),
    stream: z.string().max(128).nullable(),
    stream_seq: z.int().nonnegative().nullable(),
    attempts: z.int().nonnegative(),
    payload: z.string().max(32_768).describe('The first 8 KiB of it, as base64'),
    payload_bytes: z.int().nonnegative(),
  })
  .describe('What a service could not process, with the reason.')
export type DeadEvent = z.infer<typeof deadEventSchema>
