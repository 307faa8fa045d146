import { z } from 'zod'
import { envelopeShape, idSchema, nameSchema, textSchema } from './envelope.ts'

export const progressEventSchema = z
  .object({
    ...envelopeShape,
    job: nameSchema,
    run: idSchema,
    done_bytes: z.number().nonnegative().nullable(),
    total_bytes: z.number().nonnegative().nullable(),
    done_items: z.int().nonnegative().nullable(),
    total_items: z.int().nonnegative().nullable(),
    step: textSchema,
  })
  .describe('How far long work has come. Core NATS only, under no stream.')
export type ProgressEvent = z.infer<typeof progressEventSchema>
