import { z } from 'zod'
import { envelopeShape, nameSchema, textSchema } from './envelope.ts'

export const auditEventSchema = z
  .object({
    ...envelopeShape,
    service: nameSchema,
    actor: nameSchema.describe('A person, or service@host'),
    action: nameSchema.describe('e.g. `heal.act`, `heal.hold`, `host.add`'),
    target: textSchema,
    outcome: z.enum(['done', 'refused', 'failed', 'nothing']),
    reason: textSchema.nullable(),
  })
  .describe('Who did what, and "did nothing because".')
export type AuditEvent = z.infer<typeof auditEventSchema>
