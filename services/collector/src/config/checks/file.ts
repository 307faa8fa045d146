import { z } from 'zod'
import { duration, size } from '@nightshift/shared/config/scalars'
import { checkShape } from './check-shape.ts'
import { absolutePath } from './connection-shape.ts'
import { textShape } from './text-shape.ts'

const mode = z
  .string({ error: 'write the mode as text, like "0600"' })
  .regex(/^0?[0-7]{3,4}$/, 'write the mode in octal, like "0600"')
  .transform((text) => Number.parseInt(text, 8))
const name = z
  .union([z.string().min(1).max(64), z.int().min(0)])
  .transform(String)
  .optional()

export const fileCheckSchema = z
  .strictObject({
    ...checkShape,
    ...textShape,
    kind: z.literal('file'),
    path: absolutePath().describe('A file or folder, or several by * and ?'),
    exists: z.boolean().default(true).describe('False: nothing may be there'),
    which: z.enum(['newest', 'all']).default('newest').describe('Which of several files is judged'),
    min_count: z.int().min(1).max(10_000).default(1),
    max_count: z.int().min(1).max(10_000).optional(),
    type: z.enum(['file', 'folder', 'socket']).optional(),
    max_age: duration({ min: 1000 }).optional().describe('Since the last change of its content'),
    min_age: duration({ min: 1000 }).optional(),
    min_size: size().optional(),
    max_size: size().optional(),
    sha256: z
      .string()
      .regex(/^[0-9A-Fa-f]{64}$/, 'is no SHA-256 in hexadecimal digits')
      .transform((text) => text.toLowerCase())
      .optional(),
    owner: name.describe('Name or number of the user'),
    group: name.describe('Name or number of the group'),
    mode: mode.optional().describe('Exactly these permissions'),
    max_mode: mode.optional().describe('These permissions or fewer: "0640" allows "0600"'),
  })
  .refine(
    (check) => check.exists || Object.keys(check).every((key) => !judged.has(key)),
    'what may not exist cannot be judged: keep only path and exists',
  )

const judged = new Set([
  ...Object.keys(textShape),
  'max_count',
  'type',
  'max_age',
  'min_age',
  'min_size',
  'max_size',
  'sha256',
  'owner',
  'group',
  'mode',
  'max_mode',
])
