import { z } from 'zod'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import { labelOf } from '../route/route-tree.ts'
import { matchesGlob } from '../rules/glob.ts'

/** One condition on an alert: host, rule, severity, alert (its fingerprint), or one of its labels. */
export const matcherSchema = z.object({
  name: z.string().min(1).max(128),
  /** `=` and `!=` take patterns, in which * stands for anything. */
  op: z.enum(['=', '!=']),
  value: z.string().max(1024),
})

export type Matcher = z.infer<typeof matcherSchema>

/** `host=db-*` or `mount!=/tmp`; undefined when it is none. */
export function parseMatcher(text: string): Matcher | undefined {
  const match = /^([A-Za-z_][A-Za-z0-9_.-]{0,127})\s*(!=|=)\s*(.{0,1024})$/s.exec(text.trim())
  if (match === null) return undefined
  const [, name = '', op = '=', value = ''] = match
  return { name, op: op === '=' ? '=' : '!=', value: value.replace(/^"(.*)"$/s, '$1') }
}

export function formatMatcher({ name, op, value }: Matcher): string {
  return `${name}${op}${value}`
}

/** A label that an alert does not have is empty. */
export function matches({ name, op, value }: Matcher, event: AlertEvent): boolean {
  return matchesGlob(value, labelOf(event, name)) === (op === '=')
}
