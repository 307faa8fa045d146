import { z } from 'zod'
import { duration } from '@nightshift/shared/config/scalars'
import { connectionShape, isOneAddress, oneAddress } from '../../databases/connection-config.ts'
import { checkShape } from './check-shape.ts'

/** What a check of a database can ask once it is logged in. */
export const questionShape = {
  query: z.string().min(1).max(16_384).optional().describe('A statement that must succeed'),
  expect: z
    .union([z.string().max(1024), z.number(), z.boolean()])
    .optional()
    .describe('What the first column of the first row must be'),
  writable: z.boolean().default(false).describe('Fail on a replica, or where writing is switched off'),
  max_latency: duration({ min: 1, max: 300_000 }).optional().describe('Slower than this is a failure'),
}

export const expectNeedsQuery = (check: { query?: string | undefined; expect?: unknown }): boolean =>
  check.expect === undefined || check.query !== undefined

export const postgresCheckSchema = z
  .strictObject({ ...checkShape, kind: z.literal('postgres'), ...connectionShape(['postgres', 'postgresql'], 5432), ...questionShape })
  .refine(isOneAddress, oneAddress)
  .refine(expectNeedsQuery, 'expect needs a query')
