import { formatDuration } from '@nightshift/shared/config/scalars'
import { derivedId } from '@nightshift/shared/ids'
import type { Host } from '@nightshift/shared/subjects'
import type { Severity } from '../rules/severity.ts'
import type { Observed } from '../tracking/observed.ts'
import type { PresenceConfig, presenceRules } from './presence-config.ts'

export type PresenceRule = (typeof presenceRules)[number]

/** Who observes it, as the watch of its alerts says. */
export const presenceKind = 'presence'

const severities: Readonly<Partial<Record<PresenceRule, Severity>>> = { 'service-silent': 'warning' }

/** Something that is missed, or is there again. */
export interface Verdict {
  readonly rule: PresenceRule
  readonly host: Host
  readonly labels: Readonly<Record<string, string>>
  readonly isOn: boolean
  /** The sentence that people read. */
  readonly detail: string
  /** Since when, or when it ended, by our wall clock. */
  readonly atMs: number
  readonly value: number | null
  /** Why it is over. */
  readonly endReason?: string
}

/** The same verdict has the same id, whoever comes to it. */
export function observedOf(verdict: Verdict, configured: PresenceConfig['severity']): Observed {
  const { rule, host, labels, isOn, atMs } = verdict
  const at = Math.round(atMs)
  const id = derivedId(Math.max(0, at), rule, host ?? '', JSON.stringify(labels), String(isOn))
  const { detail, value, endReason } = verdict
  const severity = configured[rule] ?? severities[rule] ?? 'critical'
  const facts = { rule, kind: presenceKind, host, labels, severity, isOn, detail, value, at, id, correlationId: id }
  return endReason === undefined ? facts : { ...facts, endReason }
}

/** A length of time for people: whole seconds. */
export function lengthText(ms: number): string {
  return formatDuration(Math.max(1000, Math.round(ms / 1000) * 1000))
}

/** The first few names, and how many more there are. */
export function namesText(names: readonly string[], shown = 5): string {
  const more = names.length - shown
  const first = names.toSorted().slice(0, shown).join(', ')
  return more > 0 ? `${first} and ${more} more` : first
}
