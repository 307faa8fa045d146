import { z } from 'zod'
import { checkShape } from './check-shape.ts'
import { absolutePath } from './connection-shape.ts'
import { cadence } from '../cadence.ts'
import { remainingShape } from './tls.ts'

export const pemCheckSchema = z.strictObject({
  ...checkShape,
  ...remainingShape,
  every: cadence().prefault('1h'),
  kind: z.literal('pem'),
  path: absolutePath().describe('PEM file, or several by * and ?; every certificate in them is looked at'),
})
