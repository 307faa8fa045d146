import { z } from 'zod'
import { size } from '@nightshift/shared/config/scalars'
import { checkShape } from './check-shape.ts'

export const processCheckSchema = z
  .strictObject({
    ...checkShape,
    kind: z.literal('process'),
    name: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe('Name of the program: what the kernel calls it, or the file name in its command line'),
    command: z
      .union([
        z
          .string()
          .min(1)
          .max(1024)
          .transform((text) => [text]),
        z.array(z.string().min(1).max(1024)).min(1).max(16),
      ])
      .optional()
      .describe('Text, or several, that must all stand in the command line'),
    pid_file: z.string().startsWith('/', 'write the whole path, starting with /').max(4096).optional(),
    min_count: z.int().min(1).max(10_000).default(1).describe('So many must run'),
    max_count: z.int().min(1).max(10_000).optional().describe('More are a failure'),
    max_rss: size({ min: 1 }).optional().describe('More memory, of all of them together, is a failure'),
    max_cpu_cores: z
      .number()
      .positive()
      .max(4096)
      .optional()
      .describe('More processor time since the last run, of all together; 1 is a whole core'),
  })
  .refine(
    (check) => check.name !== undefined || check.command !== undefined || check.pid_file !== undefined,
    'say which process: name, command or pid_file',
  )
  .refine(({ min_count: least, max_count: most }) => most === undefined || most >= least, 'max_count is less than min_count')
