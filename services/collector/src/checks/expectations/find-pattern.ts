import { ContractError } from '@nightshift/shared/errors'
import { BoundedPattern } from '../../patterns/bounded-pattern.ts'
import { patienceMs } from '../../patterns/timed-match.ts'

/** More than all checks of a config have, so that only patterns of configs that were replaced are forgotten. */
const maxKept = 2048
/** Kept from run to run: a pattern that was slow is not tried at once again. */
const kept = new Map<string, BoundedPattern>()

/** Looks for a pattern of the configuration in text from outside; `^` and `$` stand at lines. Throws ContractError `slow_pattern`. */
export function findPattern(source: string, text: string): RegExpExecArray | null {
  let pattern = kept.get(source)
  if (pattern === undefined) {
    if (kept.size >= maxKept) kept.clear()
    pattern = new BoundedPattern(source, { flags: 'm' })
    kept.set(source, pattern)
  }
  const match = pattern.exec(text)
  if (match !== 'slow') return match
  const hint = 'write it without a repetition inside a repetition, such as (a+)+ or .*.*'
  throw new ContractError('slow_pattern', `the pattern ${quoted(source)} takes longer than ${patienceMs}ms: ${hint}`)
}

/** A text of the configuration as messages repeat it. */
export function quoted(text: string): string {
  return `"${text.length > 200 ? `${text.slice(0, 200)}…` : text}"`
}
