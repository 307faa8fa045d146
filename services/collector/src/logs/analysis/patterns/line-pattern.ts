import { nearest } from '@nightshift/shared/config/did-you-mean'
import { BoundedPattern } from '../../../patterns/bounded-pattern.ts'
import { PatternCost } from '../../../patterns/pattern-cost.ts'
import { grokTable } from './grok-table.ts'

export type CompiledPattern = { readonly pattern: BoundedPattern } | { readonly problem: string }

/** What a pattern sees of a line. */
export const longestSeen = 4096
const longestSource = 8192
/** On the worst line that it sees: the square of its length, and then some. A match that takes longer than its time is broken off anyway. */
const maxSteps = 2 ** 30

/**
 * A pattern of a config as an expression that is tried at the start of a line: a regular expression with named groups, in which
 * `%{NAME:field}` stands for an entry of the table. Or what is wrong with it, for the person who wrote it.
 */
export function compileLinePattern(pattern: string): CompiledPattern {
  const expanded = expand(pattern)
  if ('problem' in expanded) return expanded
  const { source } = expanded
  if (source.length > longestSource) return { problem: `becomes longer than ${longestSource} characters; write it shorter` }
  // A line has no line break, but may have what JavaScript takes for one: `.` stands for that too.
  const options = { flags: 's', isAnchored: true }
  const problem = problemOf(source, options)
  if (problem !== undefined) return { problem }
  if (!/\(\?<[A-Za-z]/.test(source)) return { problem: 'names no field; write for example %{IP:client} or (?<client>\\S+)' }
  return { pattern: new BoundedPattern(source, options) }
}

/** The same for an expression that is searched anywhere in a text: one that masks. */
export function compileSearchPattern(source: string): CompiledPattern {
  const problem = problemOf(source, { flags: '', isAnchored: false })
  if (problem !== undefined) return { problem }
  if (new RegExp(source).test('')) return { problem: 'matches the empty text; make at least one character of it necessary' }
  return { pattern: new BoundedPattern(source) }
}

function problemOf(source: string, { flags, isAnchored }: { flags: string; isAnchored: boolean }): string | undefined {
  try {
    new RegExp(source, flags)
  } catch (error) {
    return `is no regular expression: ${error instanceof Error ? error.message.slice(0, 300) : 'it cannot be read'}`
  }
  const risk = new PatternCost(source, flags, isAnchored).risk(longestSeen, maxSteps)
  if (risk === undefined) return undefined
  const place = source.slice(Math.max(0, risk.at - 8), risk.at + 24)
  return `could take for ever on some lines: ${risk.reason} at character ${risk.at + 1}, near "${place}"; say exactly which characters may stand there, such as [^ ]+ in place of .*`
}

/** The entries of the table name no others. */
function expand(pattern: string): { source: string } | { problem: string } {
  let problem: string | undefined
  const named = /%\{(\w{1,64})(?::([A-Za-z_]\w{0,63}))?(?::(?:int|float|string))?\}/g
  const source = pattern.replaceAll(named, (whole, name: string, field?: string) => {
    const entry = Object.hasOwn(grokTable, name) ? grokTable[name] : undefined
    if (entry !== undefined) return field === undefined ? `(?:${entry})` : `(?<${field}>${entry})`
    const near = nearest(name, Object.keys(grokTable))
    problem ??= `knows no ${whole}${near === undefined ? '' : `; did you mean %{${near}}?`}`
    return ''
  })
  return problem === undefined ? { source } : { problem }
}
