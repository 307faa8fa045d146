import { z } from 'zod'
import { duration, size } from '@nightshift/shared/config/scalars'

export const metricFileSchema = z
  .strictObject({
    path: z.string().startsWith('/', 'write the whole path, starting with /').max(4096),
    format: z
      .enum(['text', 'jsonl'])
      .default('text')
      .describe('text: one line with CPU, memory and disk; jsonl: every metric as it goes on the bus'),
    every: duration({ min: 1000, max: 86_400_000 }).prefault('1m').describe('text: how often a line is written'),
    groups: z
      .union([z.literal('every'), z.array(z.string().min(1).max(128)).min(1).max(256)])
      .default('every')
      .describe('jsonl: the groups that are written'),
    max_bytes: size({ min: 128 * 1024 })
      .prefault('10MiB')
      .describe('A file that would grow over this is moved to <path>.1 first'),
    keep: z.int().min(0).max(100).default(5).describe('So many older files are kept'),
  })
  .optional()
  .describe('A local file that keeps the metrics too')
