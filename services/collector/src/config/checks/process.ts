import { z } from 'zod'
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
  })
  .refine(
    (check) => check.name !== undefined || check.command !== undefined || check.pid_file !== undefined,
    'say which process: name, command or pid_file',
  )
