import { z } from 'zod'
import { parseJsonPath } from '../../checks/expectations/json-path.ts'

/** A regular expression of JavaScript; ^ and $ stand at lines. */
export function pattern() {
  return z
    .string()
    .min(1)
    .max(1024)
    .refine(isPattern, 'is no regular expression; a character that it gives a meaning to needs a backslash before it')
}

/** What a text can be asked for. */
export const textShape = {
  contains: z.string().min(1).max(4096).optional().describe('Text that must stand in the first 1 MiB'),
  not_contains: z.string().min(1).max(4096).optional().describe('Text that must not'),
  matches: pattern().optional().describe('Regular expression that must be found; given up as a failure after 50 ms'),
}

const scalar = z.union([z.string().max(4096), z.number(), z.boolean(), z.null()])

const jsonExpectation = z
  .strictObject({
    path: z
      .string()
      .min(1)
      .max(512)
      .refine((text) => parseJsonPath(text) !== undefined, 'is no path; write for example data.items[0].name')
      .describe('As data.items[0].name or checks["disk full"].ok'),
    exists: z.boolean().optional().describe('False: nothing may stand there'),
    equals: scalar.optional(),
    not_equals: scalar.optional(),
    min: z.number().optional(),
    max: z.number().optional(),
    min_length: z.int().min(0).optional().describe('Of a list, an object or a text'),
    matches: pattern().optional(),
  })
  .refine((expected) => expected.exists !== false || Object.keys(expected).length === 2, 'what may not exist has no value to judge')

/** One place of a JSON document, or several, and what must stand there. */
export function jsonExpectations() {
  return z
    .union([jsonExpectation.transform((one) => [one]), z.array(jsonExpectation).min(1).max(32)])
    .optional()
    .describe('One place in the JSON, or several, and what must stand there')
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text, 'm').test('')
    return true
  } catch {
    return false
  }
}
