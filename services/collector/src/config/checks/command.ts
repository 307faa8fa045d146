import { z } from 'zod'
import { argv } from '@nightshift/shared/config/scalars'
import { checkShape } from './check-shape.ts'
import { absolutePath } from './connection-shape.ts'
import { jsonExpectations, pattern, textShape } from './text-shape.ts'

const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'is no name of an environment variable')

export const commandCheckSchema = z
  .strictObject({
    ...checkShape,
    ...textShape,
    kind: z.literal('command'),
    argv: argv(),
    cwd: absolutePath().optional().describe('Folder to run in; the default is /'),
    env: z.record(variable, z.string().max(8192)).default({}).describe('Variables to set'),
    pass_env: z.array(variable).max(64).default([]).describe('Variables of the collector to pass on, besides PATH, HOME, TMPDIR and TZ'),
    user: z
      .string()
      .regex(/^[a-z_][a-z0-9_-]{0,31}\$?$/, 'is no name of a user')
      .optional()
      .describe('Run as this user; only root can'),
    exit_codes: z
      .union([z.literal('nagios'), z.array(z.int().min(0).max(255)).min(1).max(64)])
      .prefault([0])
      .describe('Those that are good; `nagios`: 0 ok, 1 warning, 2 critical, 3 unknown'),
    number: z
      .strictObject({
        pattern: pattern().describe('Its first group is the number'),
        min: z.number().optional(),
        max: z.number().optional(),
      })
      .refine(({ min, max }) => min !== undefined || max !== undefined, 'say min, max or both')
      .optional()
      .describe('A number in the output, and its bounds'),
    json: jsonExpectations(),
  })
  .describe('A program, run without a shell. Its output is read up to 64 KiB')
