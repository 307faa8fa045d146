import { z } from 'zod'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import { Pattern } from '@nightshift/shared/pattern/pattern'
import { labelOf } from '../route/route-tree.ts'
import { matchesGlob } from '../rules/glob.ts'

const maxValueChars = 1024

/** One condition on an alert: host, rule, severity, alert (its fingerprint), or one of its labels. */
export const matcherSchema = z
  .object({
    name: z.string().min(1).max(128),
    /** `=` and `!=` take patterns, in which * stands for anything; `=~` and `!~` take regular expressions of the whole value. */
    op: z.enum(['=', '!=', '=~', '!~']),
    value: z.string().max(maxValueChars),
  })
  .superRefine(({ op, value }, context) => {
    const problem = op.endsWith('~') ? whyNoExpression(value) : undefined
    if (problem !== undefined) context.addIssue({ code: 'custom', path: ['value'], message: `is no regular expression: ${problem}` })
  })

export type Matcher = z.infer<typeof matcherSchema>

/** `host=db-*`, `mount!=/tmp` or `job=~"api|web"`; undefined when it is none. */
export function parseMatcher(text: string): Matcher | undefined {
  const match = /^([A-Za-z_][A-Za-z0-9_.-]{0,127})\s*(=~|!~|!=|=)\s*(.{0,1024})$/s.exec(text.trim())
  if (match === null) return undefined
  const [, name = '', op = '=', value = ''] = match
  const parsed = matcherSchema.safeParse({ name, op, value: value.replace(/^"(.*)"$/s, '$1') })
  return parsed.success ? parsed.data : undefined
}

export function formatMatcher({ name, op, value }: Matcher): string {
  return `${name}${op}${value}`
}

/** Whether a matcher lets everything through. */
export function matchesAnything({ op, value }: Matcher): boolean {
  return (op === '=' && value === '*') || (op === '=~' && (value === '.*' || value === '.+'))
}

/** A label that an alert does not have is empty. */
export function matches({ name, op, value }: Matcher, event: Matched): boolean {
  const label = labelOf(event, name)
  const isMatch = op.endsWith('~') ? expressionOf(value).match(label) !== undefined : matchesGlob(value, label)
  return isMatch === (op === '=' || op === '=~')
}

/** What matchers look at. */
export type Matched = Pick<AlertEvent, 'host' | 'rule' | 'severity' | 'fingerprint' | 'labels'>

/** Silences are asked for each alert again and again. */
const maxKept = 1000
const kept = new Map<string, Pattern>()

function expressionOf(source: string): Pattern {
  let pattern = kept.get(source)
  if (pattern === undefined) {
    if (kept.size >= maxKept) kept.clear()
    pattern = new Pattern(source)
    kept.set(source, pattern)
  }
  return pattern
}

function whyNoExpression(source: string): string | undefined {
  try {
    expressionOf(source)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : 'it cannot be read'
  }
}
