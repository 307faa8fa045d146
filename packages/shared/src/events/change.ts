import { z } from 'zod'
import { envelopeShape, nameSchema, textSchema } from './envelope.ts'

export const changeEventSchema = z
  .object({
    ...envelopeShape,
    what: nameSchema.describe('deploy, update, config, maintenance, security'),
    actor: nameSchema,
    summary: textSchema,
    version: z.string().max(256).nullable(),
    detail: z
      .record(z.string().max(128), z.union([z.string().max(4096), z.number(), z.boolean(), z.null()]))
      .optional()
      .describe('What exactly changed, e.g. `aspect`, `item`, `before`, `after`'),
  })
  .describe('Somebody or something changed the host or the application: a deploy, an update, a config change, maintenance.')
export type ChangeEvent = z.infer<typeof changeEventSchema>
