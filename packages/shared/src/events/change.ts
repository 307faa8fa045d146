import { z } from 'zod'
import { envelopeShape, nameSchema, textSchema } from './envelope.ts'

export const changeEventSchema = z
  .object({
    ...envelopeShape,
    what: nameSchema.describe('deploy, update, config, maintenance'),
    actor: nameSchema,
    summary: textSchema,
    version: z.string().max(256).nullable(),
  })
  .describe('Somebody or something changed the host or the application: a deploy, an update, a config change, maintenance.')
export type ChangeEvent = z.infer<typeof changeEventSchema>
