import { z } from 'zod'
import { duration } from '@nightshift/shared/config/scalars'
import { connectionShape, isOneAddress, oneAddress } from '../../databases/connection-config.ts'
import { checkShape } from './check-shape.ts'

export const redisCheckSchema = z
  .strictObject({
    ...checkShape,
    kind: z.literal('redis'),
    ...connectionShape(['redis', 'rediss'], 6379),
    database: z.int().min(0).max(100_000).optional().describe('The default is 0'),
    query: z
      .array(z.string().min(1).max(1024))
      .min(1)
      .max(16)
      .optional()
      .describe('A command that must succeed, such as [GET, greeting]; written as a list'),
    expect: z
      .union([z.string().max(1024), z.number()])
      .optional()
      .describe('What the command must answer'),
    writable: z.boolean().default(false).describe('Fail on a replica'),
    max_latency: duration({ min: 1, max: 300_000 }).optional().describe('Slower than this is a failure'),
  })
  .refine(isOneAddress, oneAddress)
  .refine((check) => check.expect === undefined || check.query !== undefined, 'expect needs a query')
