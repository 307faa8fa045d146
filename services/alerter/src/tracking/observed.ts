import type { Host } from '@nightshift/shared/subjects'
import type { Series } from '../alert/fingerprint.ts'
import type { Observation } from '../alert/life.ts'
import { runbookOf } from '../rules/default-rules.ts'
import type { Severity } from '../rules/severity.ts'

/** What an alert watches that no rule of the configuration reads begins with this. */
export const ownWatch = 'own:'

/** Kinds whose rules are ours: each has a page among the runbooks. */
const kindsOfOurs = new Set(['presence', 'deadman', 'delivery', 'drill', 'silence'])

/** The runbook of an alert that no rule of the configuration reads; null when others named it. */
export function ownRunbook({ watch, rule }: Pick<Series, 'watch' | 'rule'>): string | null {
  return watch.startsWith(ownWatch) && kindsOfOurs.has(watch.slice(ownWatch.length)) ? runbookOf(rule) : null
}

/** What a part of the alerter besides its rules sees. */
export interface Observed {
  /** Name under which it is told, as that of a rule. */
  readonly rule: string
  /** Who observes it: presence, prometheus... */
  readonly kind: string
  readonly host: Host
  readonly labels: Readonly<Record<string, string>>
  readonly severity: Severity
  readonly isOn: boolean
  /** The sentence that people read. */
  readonly detail: string
  readonly value: number | null
  /** Where to read on, when it is not a page of ours. */
  readonly runbook?: string
  /** Milliseconds, by the clock that decides when it began. */
  readonly at: number
  /** Id of the event that shows it, or of a moment that another replica would call the same. */
  readonly id: string
  readonly correlationId: string
  /** Why it is over, when it is not that it recovered. */
  readonly endReason?: string
}

/** As the life of an alert takes it. */
export function observationOf(seen: Observed): Observation {
  const { at, id } = seen
  if (!seen.isOn && seen.endReason !== undefined) return { kind: 'end', at, id, reason: seen.endReason, detail: seen.detail }
  return {
    kind: 'reading',
    at,
    id,
    correlationId: seen.correlationId,
    standings: { [seen.severity]: seen.isOn ? 'over' : 'clear' },
    value: seen.value,
    detail: seen.detail,
    ...(seen.runbook !== undefined && { runbook: seen.runbook }),
    failures: 1,
    gapMs: 0,
  }
}
