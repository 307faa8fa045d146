import { z } from 'zod'
import { duration } from '@nightshift/shared/config/scalars'
import { checkShape } from './check-shape.ts'
import { hostName } from './connection-shape.ts'

const ratio = z
  .union([z.number().min(0).max(1), z.string().regex(/^\d{1,3}(?:\.\d+)?%$/)], 'write for example 10% or 0.1')
  .transform((value) => (typeof value === 'number' ? value : Number(value.slice(0, -1)) / 100))
  .refine((value) => value <= 1, 'is more than all')

export const icmpCheckSchema = z.strictObject({
  ...checkShape,
  kind: z.literal('icmp'),
  host: hostName(),
  count: z.int().min(1).max(10).default(3).describe('Packets sent in one run, 200 ms apart'),
  max_loss: ratio.prefault(0).describe('More than this share lost is a failure; all lost always is'),
  max_latency: duration({ min: 1, max: 60_000 }).optional().describe('A longer mean round trip is a failure'),
})
