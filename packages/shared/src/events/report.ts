import { z } from 'zod'
import { envelopeShape, idSchema, nameSchema, textSchema } from './envelope.ts'

export const reportEventSchema = z
  .object({
    ...envelopeShape,
    period: nameSchema.describe('daily, weekly, monthly, quarterly'),
    phase: z.enum(['built', 'sent']),
    report: idSchema,
    verdict: textSchema,
    channels: z.array(nameSchema).max(32),
  })
  .describe('A digest was built or sent.')
export type ReportEvent = z.infer<typeof reportEventSchema>
