/** Why a check's state changed, and what a restart must still know. Pure: no clock, no bus, no disk. */

export type ReportedState = 'ok' | 'failing' | 'unknown'

export interface CheckHealth {
  readonly kind: string
  /** The state that was announced last; null before the first. */
  readonly state: ReportedState | null
  /** Bad runs in a row. */
  readonly failures: number
  /** Good runs in a row. */
  readonly successes: number
  /** Set by the first bad run and kept to the recovery. */
  readonly correlationId: string | null
  /** How often the state changed since the check was added. */
  readonly transitions: number
}

/** What of a run decides. */
export interface RunFacts {
  readonly eventId: string
  /** null: this machine cannot run the check. */
  readonly ok: boolean | null
  readonly error: string | null
}

export interface Thresholds {
  readonly failures: number
  readonly successes: number
}

export interface Transition {
  readonly state: ReportedState | 'removed'
  readonly previous: ReportedState | null
  /** Runs in a row that led to it. */
  readonly consecutive: number
  readonly error: string | null
  readonly checkEventId: string | null
  readonly correlationId: string | null
  /** Counts the transitions of this check, so that each has an id of its own. */
  readonly number: number
  readonly epochMs: number
}

export function newCheckHealth(kind: string): CheckHealth {
  return { kind, state: null, failures: 0, successes: 0, correlationId: null, transitions: 0 }
}

/** What one run changes. At most one transition. */
export function applyRun(health: CheckHealth, run: RunFacts, thresholds: Thresholds, nowMs: number): [CheckHealth, Transition[]] {
  const failures = run.ok === false ? health.failures + 1 : 0
  const successes = run.ok === true ? health.successes + 1 : 0
  const state = nextState(health.state, run.ok, failures >= thresholds.failures, successes >= thresholds.successes)
  const correlationId = run.ok === true ? health.correlationId : (health.correlationId ?? run.eventId)
  const hasRecovered = run.ok === true && state === 'ok'
  const next: CheckHealth = { ...health, state, failures, successes, correlationId: hasRecovered ? null : correlationId }
  if (state === health.state || state === null) return [next, []]
  const number = health.transitions + 1
  return [
    { ...next, transitions: number },
    [
      {
        state,
        previous: health.state,
        consecutive: Math.max(1, failures, successes),
        error: run.ok === true ? null : run.error,
        checkEventId: run.eventId,
        correlationId: correlationId ?? run.eventId,
        number,
        epochMs: nowMs,
      },
    ],
  ]
}

/** The correlation that the result of a run carries: that of the trouble it is part of or ends, else its own. */
export function runCorrelation(before: CheckHealth, run: RunFacts): string {
  return before.correlationId ?? run.eventId
}

/** The check was taken out of the config. */
export function removal(health: CheckHealth, nowMs: number): Transition {
  return {
    state: 'removed',
    previous: health.state,
    consecutive: 0,
    error: null,
    checkEventId: null,
    correlationId: health.correlationId,
    number: health.transitions + 1,
    epochMs: nowMs,
  }
}

function nextState(state: ReportedState | null, ok: boolean | null, failedEnough: boolean, passedEnough: boolean): ReportedState | null {
  if (ok === null) return 'unknown'
  if (failedEnough) return 'failing'
  return passedEnough ? 'ok' : state
}
