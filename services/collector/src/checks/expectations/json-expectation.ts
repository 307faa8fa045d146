import { findPattern, quoted } from './find-pattern.ts'
import { parseJsonPath, valueAtPath } from './json-path.ts'

/** What must stand at one place of a JSON document. */
export interface JsonExpectation {
  readonly path: string
  readonly exists?: boolean | undefined
  readonly equals?: string | number | boolean | null | undefined
  readonly not_equals?: string | number | boolean | null | undefined
  readonly min?: number | undefined
  readonly max?: number | undefined
  readonly min_length?: number | undefined
  readonly matches?: string | undefined
}

/** What is wrong with a text that must be JSON, or undefined. Throws ContractError `slow_pattern`. */
export function judgeJson(expectations: readonly JsonExpectation[], text: string, what: string, isCut: boolean): string | undefined {
  if (isCut) return `${what} is too long to be read as JSON: more than ${Buffer.byteLength(text)} bytes`
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    return `${what} is no JSON`
  }
  for (const expected of expectations) {
    const problem = judgeValue(expected, valueAtPath(document, parseJsonPath(expected.path) ?? []))
    if (problem !== undefined) return `in ${what}, ${expected.path} ${problem}`
  }
  return undefined
}

function judgeValue(expected: JsonExpectation, value: unknown): string | undefined {
  if (expected.exists === false) return value === undefined ? undefined : 'is there, but must not be'
  if (value === undefined) return 'is missing'
  if (expected.equals !== undefined && value !== expected.equals) return `is ${shown(value)}, expected ${shown(expected.equals)}`
  if (expected.not_equals !== undefined && value === expected.not_equals) return `is ${shown(value)}, which it must not be`
  if (expected.min !== undefined || expected.max !== undefined) {
    if (typeof value !== 'number') return `is ${shown(value)}, which is no number`
    if (expected.min !== undefined && value < expected.min) return `is ${value}, less than ${expected.min}`
    if (expected.max !== undefined && value > expected.max) return `is ${value}, more than ${expected.max}`
  }
  if (expected.min_length !== undefined && !(lengthOf(value) >= expected.min_length)) {
    return `has ${lengthOf(value)} entries, fewer than ${expected.min_length}`
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (expected.matches !== undefined && findPattern(expected.matches, text) === null) {
    return `is ${shown(value)}, which does not match ${quoted(expected.matches)}`
  }
  return undefined
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0
}

/** Objects and arrays by their size only: what an answer holds may be private. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'string' ? quoted(value.slice(0, 100)) : String(value)
}
