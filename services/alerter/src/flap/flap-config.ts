import { z } from 'zod'
import { duration, quantity } from '@nightshift/shared/config/scalars'

const share = () => quantity().refine((value) => value > 0 && value < 1, 'must be between 0% and 100%; write for example 30%')

export const flappingSchema = z
  .strictObject({
    enabled: z.boolean().default(true),
    window: duration({ min: 5000, max: 7 * 86_400_000 })
      .prefault('20m')
      .describe('What is looked back on, in 20 steps; a change counts as a step of its own'),
    high: share()
      .prefault('30%')
      .describe('So much of the last 20 steps changed, the newest weighing most: it is flapping. 6 changes in a row'),
    low: share().prefault('20%').describe('It has settled when it is no more than this'),
  })
  .refine(({ low, high }) => low < high, { path: ['low'], message: 'must be below high' })
  .describe('An alert that comes and goes is told as flapping once; then nobody hears of it until it has settled')

export type FlappingConfig = z.infer<typeof flappingSchema>
