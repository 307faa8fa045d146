import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { Severity } from '../rules/severity.ts'
import type { Standings } from '../rules/standing.ts'

/** Since when a level is on, by the clock of the source, and how much of that time nobody could see it. */
export interface LevelProgress {
  readonly since_ms: number
  readonly held_ms: number
}

/** Where one alert stands. Stored as it is (snake_case, schema version in the bucket). */
export interface Life {
  /** `ok` is kept only until the checkpoint has passed the end of the occurrence. */
  readonly phase: 'ok' | 'pending' | 'firing'
  /** Id of the occurrence; of the last one when the phase is ok. Only ever grows. */
  readonly epoch: string
  readonly epoch_ms: number
  /** Whether anybody was told that it is pending: a short breach is not worth an event. */
  readonly announced: boolean
  readonly severity: Severity
  readonly levels: Readonly<Partial<Record<Severity, LevelProgress>>>
  /** Failed results in a row, for rules that count them. */
  readonly failures: number
  /** Changes of severity in this epoch. */
  readonly updates: number
  readonly started_ms: number
  /** It fires on although the condition ended then, by the clock of the source; absent while it holds. */
  readonly kept_since_ms?: number | undefined
  /** By our own clock. */
  readonly changed_ms: number
  readonly correlation_id: string
  readonly value: number | null
  /** What the check said. */
  readonly detail: string | null
  /** Whoever observes it says where to read on; absent when nobody does. */
  readonly runbook?: string | undefined
}

interface Observed {
  /** Event time, milliseconds. */
  readonly at: number
  /** The event that says so. */
  readonly id: string
}

/** What can happen to an alert. Missing and unreadable data, and checks in the state unknown, are no observations: everything holds. */
export type Observation =
  | (Observed & {
      readonly kind: 'reading'
      readonly correlationId: string
      readonly standings: Standings
      readonly value: number | null
      readonly detail: string | null
      readonly runbook?: string
      /** Failed results in a row that led here. */
      readonly failures: number
      /** Time since the last reading in which nobody could see: it does not count for `for`. */
      readonly gapMs: number
    })
  /** The clock of the host has come to here. */
  | (Observed & { readonly kind: 'time' })
  | (Observed & { readonly kind: 'result'; readonly ok: boolean })
  /** What the alert was about exists no more: gone, check removed, rule removed. */
  | (Observed & { readonly kind: 'end'; readonly reason: string; readonly detail?: string })

/** The effect of a step: an event to tell everybody. */
export interface Transition {
  readonly phase: AlertEvent['phase']
  readonly severity: Severity
  readonly reason: string | null
  readonly at: number
  /** Id of the event that set it off. */
  readonly trigger: string
}

/** Whether a step changed anything that must survive a restart. The value at hand and the clock need not. */
export function isSameLife(a: Life | undefined, b: Life | undefined): boolean {
  if (a === b) return true
  if (a === undefined || b === undefined) return false
  return (
    a.phase === b.phase &&
    a.epoch === b.epoch &&
    a.severity === b.severity &&
    a.announced === b.announced &&
    a.failures === b.failures &&
    a.updates === b.updates &&
    a.kept_since_ms === b.kept_since_ms &&
    sameLevels(a.levels, b.levels)
  )
}

function sameLevels(a: Life['levels'], b: Life['levels']): boolean {
  return (['critical', 'warning', 'info'] as const).every((severity) => {
    const [left, right] = [a[severity], b[severity]]
    return left?.since_ms === right?.since_ms && left?.held_ms === right?.held_ms
  })
}

const unfired = ' before it fired'

/** The reason of an alert that ends while it is pending. */
export function beforeItFired(reason: string): string {
  return `${reason}${unfired}`
}

/** Whether a resolved alert had never fired, so that nobody but the console heard of it. */
export function neverFired(reason: string | null): boolean {
  return reason?.endsWith(unfired) === true
}
