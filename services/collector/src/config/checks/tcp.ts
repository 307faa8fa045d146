import { z } from 'zod'
import { checkShape } from './check-shape.ts'

export const tcpCheckSchema = z.strictObject({
  ...checkShape,
  kind: z.literal('tcp'),
  host: z.string().min(1).max(253).default('127.0.0.1'),
  port: z.int().min(1).max(65_535),
})
