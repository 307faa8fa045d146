import type { healPhases } from '@nightshift/shared/events/heal'
import { backoffMs } from './backoff.ts'
import type { Policy } from './playbook.ts'
import type { HoldCause, Verdict } from './rails.ts'
import type { Run, RunPhase } from './run.ts'

/** What an edge says on the bus. */
interface Edge {
  phase: (typeof healPhases)[number]
  reason: string | null
  output?: string | null
  exitCode?: number | null
  durationSeconds?: number
}

export type RunEffect =
  /** `ops.heal.<host>.<playbook>.<phase>`; `number` is its place in the run. */
  | { kind: 'publish'; number: number; edge: Edge; attempt: number }
  | {
      kind: 'audit'
      action: string
      outcome: 'done' | 'refused' | 'failed' | 'nothing'
      reason: string | null
    }
  /** Ask the rails. */
  | { kind: 'gate' }
  | { kind: 'precheck' }
  | { kind: 'diagnose'; checkSaid: string }
  | { kind: 'lock' }
  | { kind: 'unlock' }
  | { kind: 'act' }
  | { kind: 'verify' }
  /** Until the run's `dueMs`. */
  | { kind: 'wait' }

type Step = [Run, RunEffect[]]

const maxHeldReasons = 16
/** How long a recovered run looks on while the collector has not said `ok` by itself. */
const settleMs = 600_000
/** How often it asks the collector meanwhile. */
export const settlePollMs = 10_000

export function move(run: Run, phase: RunPhase, now: number): Run {
  return { ...run, phase, phaseSinceMs: now, dueMs: null }
}

/** The next event of the run. */
export function tell(run: Run, edge: Edge): Step {
  return [{ ...run, edges: run.edges + 1, reason: edge.reason }, [{ kind: 'publish', number: run.edges, edge, attempt: run.attempt }]]
}

/** Waits for what stands against acting; said once for the same reason. */
export function hold(run: Run, cause: HoldCause, reason: string, untilMs: number, now: number): Step {
  const isKnown = run.heldReasons.includes(reason) || run.heldReasons.length >= maxHeldReasons
  const sinceMs = run.held?.cause === cause ? run.held.sinceMs : now
  const waiting = { ...move(run, 'held', now), held: { cause, reason, sinceMs }, dueMs: untilMs }
  const wait: RunEffect[] = [{ kind: 'unlock' }, { kind: 'wait' }]
  if (isKnown) return [waiting, wait]
  const [told, effects] = tell({ ...waiting, heldReasons: [...run.heldReasons, reason] }, { phase: 'held', reason })
  return [told, [...effects, { kind: 'audit', action: 'heal.hold', outcome: 'nothing', reason }, ...wait]]
}

/** Past every rail: the one edge that leads to an action. */
export function act(run: Run, verdict: Extract<Verdict, { kind: 'go' }>, policy: Policy, now: number): Step {
  const attempt = run.attempt + 1
  const often = verdict.recurring ? `; recurring: heal ${verdict.heals} of ${run.target} within a day` : ''
  const acting = {
    ...move(run, 'acting', now),
    attempt,
    held: null,
    settleUntilMs: null,
    unverified: false,
  }
  const [told, effects] = tell(acting, {
    phase: 'acting',
    reason: `attempt ${attempt} of ${policy.attempts}${often}`,
  })
  const audit: RunEffect[] =
    verdict.recurring && attempt === 1 ? [{ kind: 'audit', action: 'heal.recurring', outcome: 'done', reason: often.slice(2) }] : []
  return [told, [...effects, ...audit, { kind: 'act' }]]
}

/** Healthy again. Ended when the collector said so by itself; else the run looks on for a while, for no new transition would tell of a relapse. */
export function recover(run: Run, reason: string, now: number): Step {
  const isOver = run.health === 'ok' || (run.settleUntilMs !== null && now >= run.settleUntilMs)
  const settleUntilMs = run.settleUntilMs ?? now + settleMs
  const moved = isOver
    ? move(run, 'recovered', now)
    : {
        ...move(run, 'settling', now),
        settleUntilMs,
        unverified: false,
        dueMs: now + settlePollMs,
      }
  const [told, effects] = tell(moved, {
    phase: 'recovered',
    reason,
    durationSeconds: secondsSince(run.startedMs, now),
  })
  const nothing: RunEffect[] = run.attempt === 0 ? [{ kind: 'audit', action: 'heal.skip', outcome: 'nothing', reason }] : []
  return [told, [...effects, ...nothing, { kind: 'unlock' }, ...(isOver ? [] : [{ kind: 'wait' } as const])]]
}

/** One attempt did not help: the next one after its backoff, or a person. */
export function failAttempt(run: Run, reason: string, policy: Policy, now: number): Step {
  const [told, effects] = tell(
    { ...run, unverified: false },
    {
      phase: 'failed',
      reason,
      exitCode: run.action?.exitCode ?? null,
      durationSeconds: secondsSince(run.phaseSinceMs, now),
    },
  )
  if (run.attempt >= policy.attempts) {
    const [ended, more] = escalate(told, `${run.attempt} of ${policy.attempts} attempts did not help: ${reason}${lastAction(run)}`, now)
    return [ended, [...effects, ...more]]
  }
  const dueMs = now + backoffMs(policy, run.attempt + 1, run.id)
  return [{ ...move(told, 'failed', now), dueMs }, [...effects, { kind: 'unlock' }, { kind: 'wait' }]]
}

/** Given up: a person must look. */
export function escalate(run: Run, reason: string, now: number): Step {
  const [told, effects] = tell(move(run, 'escalated', now), {
    phase: 'escalated',
    reason,
    exitCode: run.action?.exitCode ?? null,
    durationSeconds: secondsSince(run.startedMs, now),
  })
  return [
    told,
    [
      ...effects,
      {
        kind: 'audit',
        action: 'heal.escalate',
        outcome: run.attempt === 0 ? 'refused' : 'failed',
        reason,
      },
      { kind: 'unlock' },
    ],
  ]
}

/** Ends a run in which nothing is left to do, and says why. */
export function finish(run: Run, said: Edge['phase'], phase: RunPhase, reason: string, now: number): Step {
  const [told, effects] = tell(move(run, phase, now), {
    phase: said,
    reason,
    durationSeconds: secondsSince(run.startedMs, now),
  })
  return [told, [...effects, { kind: 'audit', action: 'heal.skip', outcome: 'nothing', reason }, { kind: 'unlock' }]]
}

function lastAction(run: Run): string {
  return run.action === null ? '' : `; last action: ${run.action.summary}`
}

function secondsSince(sinceMs: number, now: number): number {
  return Math.max(0, (now - sinceMs) / 1000)
}
