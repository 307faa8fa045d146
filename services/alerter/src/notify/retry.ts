export type Verdict = { readonly kind: 'retry'; readonly atMs: number } | { readonly kind: 'dead'; readonly because: string }

const firstWaitMs = 1000
const longestWaitMs = 5 * 60_000
/** News of yesterday is in the report. */
export const giveUpAfterMs = 24 * 3_600_000

/** What was tried, and what came of it. */
export interface Failure {
  /** This one included. */
  readonly attempts: number
  readonly createdMs: number
  readonly transient: boolean
  /** The other side asked for so much patience. */
  readonly retryAfterMs: number | undefined
}

/** Whether and when to try again: at twice the pause each time, spread, and never sooner than the other side asked. `random` is 0 to 1. */
export function judgeFailure(failure: Failure, now: number, random: number): Verdict {
  if (!failure.transient) return { kind: 'dead', because: 'it would be refused again' }
  const pauseMs = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(20, failure.attempts - 1))
  const spreadMs = pauseMs * (0.5 + random / 2)
  const atMs = now + Math.max(spreadMs, failure.retryAfterMs ?? 0)
  if (atMs - failure.createdMs > giveUpAfterMs) return { kind: 'dead', because: 'it was tried for 24 hours' }
  return { kind: 'retry', atMs }
}

/** Whether a failed attempt is worth an event: the first, and then ever more rarely, or a long outage would fill the stream. */
export function isWorthTelling(attempts: number): boolean {
  return Number.isInteger(Math.log2(attempts))
}
