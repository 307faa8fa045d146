import { z } from 'zod'
import { envelopeShape, idSchema, nameSchema, textSchema } from './envelope.ts'

export const healthStates = ['ok', 'failing', 'unknown', 'removed'] as const

export const healthEventSchema = z
  .object({
    ...envelopeShape,
    check: nameSchema,
    kind: nameSchema,
    state: z.enum(healthStates),
    previous: z.enum(healthStates).nullable().describe('null: first result since the check was added'),
    consecutive: z.int().nonnegative().describe('Runs in a row that led to this state'),
    error: textSchema.nullable(),
    check_event_id: idSchema.nullable().describe('The result that tipped it'),
  })
  .describe('A check changed its state. Never lost: spooled on disk while the bus is away.')
export type HealthEvent = z.infer<typeof healthEventSchema>
