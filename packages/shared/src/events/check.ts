import { z } from 'zod'
import { envelopeShape, nameSchema, textSchema } from './envelope.ts'

export const checkEventSchema = z
  .object({
    ...envelopeShape,
    check: nameSchema,
    kind: nameSchema.describe('http, tcp, process...'),
    ok: z.boolean().nullable().describe('null: this machine cannot run the check; the reason is in `error`'),
    latency_seconds: z.number().nonnegative().nullable(),
    error: textSchema.nullable().describe('Why it is not ok, and what to look at'),
    detail: z
      .record(z.string().max(128), z.union([z.string().max(4096), z.number(), z.boolean(), z.null()]))
      .describe('What the kind of check saw, e.g. `status`'),
  })
  .describe('The result of one run of a check.')
export type CheckEvent = z.infer<typeof checkEventSchema>
