import { z } from 'zod'
import { duration } from '@nightshift/shared/config/scalars'
import { cadence } from '../cadence.ts'

/** What every check can be told. */
export const checkShape = {
  every: cadence().prefault('10s'),
  timeout: duration({ min: 50, max: 300_000 }).optional().describe('The default is 5s, or `every` when that is shorter'),
  failures: z.int().min(1).max(100).default(3).describe('So many failed runs in a row make it failing'),
  successes: z.int().min(1).max(100).default(1).describe('So many good runs in a row make it ok'),
}
