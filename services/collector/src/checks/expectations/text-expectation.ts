import { NightshiftError } from '@nightshift/shared/errors'
import { findPattern, quoted } from './find-pattern.ts'

/** What a text must and must not hold; nothing is wanted of it where nothing is given. */
export interface TextExpectation {
  readonly contains?: string | undefined
  readonly not_contains?: string | undefined
  readonly matches?: string | undefined
}

/** What is wrong with a text, or undefined. `what` names it: `the answer`. Only so much of it was read when it is cut. */
export function judgeText(expected: TextExpectation, text: Buffer | string, what: string, isCut: boolean): string | undefined {
  const where = isCut ? `the first ${Buffer.byteLength(text)} bytes of ${what}` : what
  const verb = (is: string, are: string): string => (isCut ? are : is)
  if (expected.contains !== undefined && !text.includes(expected.contains)) {
    return `${where} ${verb('does', 'do')} not contain ${quoted(expected.contains)}`
  }
  if (expected.not_contains !== undefined && text.includes(expected.not_contains)) {
    return `${where} ${verb('contains', 'contain')} ${quoted(expected.not_contains)}`
  }
  if (expected.matches === undefined) return undefined
  try {
    if (findPattern(expected.matches, text.toString()) !== null) return undefined
  } catch (error) {
    if (error instanceof NightshiftError) return error.message
    throw error
  }
  return `${where} ${verb('does', 'do')} not match ${quoted(expected.matches)}`
}
