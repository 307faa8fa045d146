import type { ActionResult } from '../actions/action.ts'
import type { Answer } from '../verify/answer.ts'
import { backoffMs } from './backoff.ts'
import { act, escalate, failAttempt, finish, hold, move, recover, settlePollMs, tell, type RunEffect } from './edges.ts'
import type { Policy } from './playbook.ts'
import { holdRetryMs, type HoldCause, type Verdict } from './rails.ts'
import { hasEnded, type Run } from './run.ts'

/** What can happen to a run. Each answer belongs to the effect that asked; one that comes too late finds another phase and changes nothing. */
export type RunInput =
  | { kind: 'due' }
  | { kind: 'gate'; verdict: Verdict }
  | { kind: 'prechecked'; answer: Answer }
  | { kind: 'diagnosed'; file: string | null; reason: string | null }
  | { kind: 'locked'; token: number }
  | { kind: 'not_locked'; reason: string }
  | { kind: 'spawned'; process: NonNullable<Run['process']> }
  | { kind: 'acted'; result: ActionResult }
  | { kind: 'verified'; answer: Answer }
  | { kind: 'health'; state: 'ok' | 'failing' | 'unknown' }
  | { kind: 'withdrawn'; reason: string }
  /** The healer was started again; what it was doing then is no longer being done. */
  | { kind: 'resumed' }

type Step = [Run, RunEffect[]]

/** A person is called when what the run needs to know stays out of reach for so long. Longer than a broker takes to come back. */
export const unreachableLimitMs = 900_000

/** The life of a run: one input in, the next state and what to do about it out. */
export function step(run: Run, input: RunInput, policy: Policy, now: number): Step {
  if (hasEnded(run)) return [run, []]
  switch (input.kind) {
    case 'due':
      return due(run)
    case 'gate':
      return gate(run, input.verdict, policy, now)
    case 'prechecked':
      return prechecked(run, input.answer, policy, now)
    case 'diagnosed':
      return run.phase === 'diagnosing' ? diagnosed(run, input, policy, now) : [run, []]
    case 'locked':
      return run.phase === 'locking' ? [run, [{ kind: 'gate' }]] : [run, [{ kind: 'unlock' }]]
    case 'not_locked':
      return run.phase === 'locking'
        ? holdOrGiveUp(run, { cause: 'unreachable', reason: input.reason, untilMs: now + holdRetryMs }, policy, now)
        : [run, []]
    case 'spawned':
      return run.phase === 'acting' ? [{ ...run, process: input.process }, []] : [run, []]
    case 'acted':
      return run.phase === 'acting' ? acted(run, input.result, policy, now) : [run, []]
    case 'verified':
      return run.phase === 'verifying' ? verified(run, input.answer, policy, now) : [run, []]
    case 'health':
      return health(run, input.state, now)
    case 'withdrawn':
      return withdrawn(run, input.reason, now)
    case 'resumed':
      return resumed(run, now)
  }
}

function due(run: Run): Step {
  if (run.phase === 'settling') return [run, [{ kind: 'precheck' }]]
  if (run.phase !== 'detected' && run.phase !== 'held' && run.phase !== 'failed') return [run, []]
  return [{ ...run, phase: 'detected', dueMs: null }, [{ kind: 'gate' }]]
}

function gate(run: Run, verdict: Verdict, policy: Policy, now: number): Step {
  if (run.phase !== 'detected' && run.phase !== 'locking') return [run, []]
  if (verdict.kind === 'hold') return holdOrGiveUp(run, verdict, policy, now)
  // A run that may not act still looks and takes its diagnostics: nobody is called for what has recovered, nor without context.
  if (run.phase === 'detected') return [move(run, 'precheck', now), [{ kind: 'precheck' }]]
  return verdict.kind === 'stop' ? escalate(run, verdict.reason, now) : act(run, verdict, policy, now)
}

function holdOrGiveUp(run: Run, why: { cause: HoldCause; reason: string; untilMs: number }, policy: Policy, now: number): Step {
  const sinceMs = run.held?.cause === why.cause ? run.held.sinceMs : now
  if (why.cause === 'unreachable' && now - sinceMs >= unreachableLimitMs)
    return escalate(run, `out of reach for too long: ${why.reason}`, now)
  if (now - run.startedMs >= policy.maxHoldMs) return escalate(run, `held for too long: ${why.reason}`, now)
  return hold(run, why.cause, why.reason, why.untilMs, now)
}

function prechecked(run: Run, answer: Answer, policy: Policy, now: number): Step {
  if (run.phase === 'settling') return settled(run, answer, policy, now)
  if (run.phase !== 'precheck') return [run, []]
  if (answer.kind === 'healthy') return recover(run, byItself(run), now)
  if (answer.kind === 'unknown')
    return holdOrGiveUp(run, { cause: 'unreachable', reason: answer.reason, untilMs: now + holdRetryMs }, policy, now)
  if (run.unverified) return failAttempt(run, answer.reason, policy, now)
  if (run.diagnosed > run.attempt) return [move(run, 'locking', now), [{ kind: 'lock' }]]
  const [told, effects] = tell(move(run, 'diagnosing', now), {
    phase: 'diagnosing',
    reason: answer.reason,
  })
  return [told, [...effects, { kind: 'diagnose', checkSaid: answer.reason }]]
}

function diagnosed(run: Run, saved: { file: string | null; reason: string | null }, policy: Policy, now: number): Step {
  const ready = { ...run, diagnosed: run.attempt + 1 }
  const doubt: RunEffect[] =
    saved.file === null ? [{ kind: 'audit', action: 'heal.diagnose', outcome: 'failed', reason: saved.reason }] : []
  if (policy.mode === 'dry_run') {
    const reason = `dry run: playbook ${run.playbook} would act now; set its mode to auto to let it`
    const [ended, effects] = finish(ready, 'held', 'dropped', reason, now)
    return [ended, [...doubt, ...effects]]
  }
  return [move(ready, 'locking', now), [...doubt, { kind: 'lock' }]]
}

function acted(run: Run, result: ActionResult, policy: Policy, now: number): Step {
  const done = {
    ...run,
    process: null,
    action: { summary: result.summary, exitCode: result.exitCode },
  }
  const outcome = result.kind === 'done' && !result.failed ? 'done' : 'failed'
  const audit: RunEffect = {
    kind: 'audit',
    action: 'heal.act',
    outcome,
    reason: `attempt ${run.attempt} of ${policy.attempts}: ${result.summary}`,
  }
  if (run.withdrawn !== null) {
    const [ended, effects] = finish(done, 'held', 'dropped', run.withdrawn, now)
    return [ended, [audit, ...effects]]
  }
  if (result.kind === 'impossible') {
    const [told, effects] = tell(done, {
      phase: 'failed',
      reason: result.summary,
      durationSeconds: result.durationSeconds,
    })
    const [ended, more] = escalate(told, result.summary, now)
    return [ended, [audit, ...effects, ...more]]
  }
  if (result.kind === 'refused') {
    const [failed, effects] = failAttempt(done, result.summary, policy, now)
    return [failed, [audit, ...effects]]
  }
  const detail = {
    reason: result.summary,
    output: result.output,
    exitCode: result.exitCode,
    durationSeconds: result.durationSeconds,
  }
  const [told, effects] = tell(move(done, 'verifying', now), { phase: 'verifying', ...detail })
  return [told, [audit, ...effects, { kind: 'verify' }]]
}

function verified(run: Run, answer: Answer, policy: Policy, now: number): Step {
  const done = { ...run, process: null }
  if (answer.kind === 'healthy') return recover(done, answer.reason, now)
  if (answer.kind === 'failing') return failAttempt(done, answer.reason, policy, now)
  // Not recovered as far as anybody knows; acting again on a guess would be worse than to wait for the collector.
  return holdOrGiveUp(
    { ...done, unverified: true },
    { cause: 'unreachable', reason: `cannot verify: ${answer.reason}`, untilMs: now + holdRetryMs },
    policy,
    now,
  )
}

function settled(run: Run, answer: Answer, policy: Policy, now: number): Step {
  if (answer.kind !== 'failing') {
    if (now >= (run.settleUntilMs ?? 0)) return [move(run, 'recovered', now), []]
    return [{ ...run, dueMs: now + settlePollMs }, [{ kind: 'wait' }]]
  }
  if (run.attempt === 0) return [move(run, 'detected', now), [{ kind: 'gate' }]]
  return failAttempt(run, `failing again after it had recovered: ${answer.reason}`, policy, now)
}

function health(run: Run, state: 'ok' | 'failing' | 'unknown', now: number): Step {
  if (state === 'unknown') return [run, []]
  const known = { ...run, health: state }
  if (state === 'failing') {
    const audit: RunEffect = {
      kind: 'audit',
      action: 'heal.trigger',
      outcome: 'nothing',
      reason: `run ${run.id} is under way on ${run.target}`,
    }
    return [known, run.phase === 'settling' ? [audit, { kind: 'precheck' }] : [audit]]
  }
  if (run.phase === 'acting' || run.phase === 'verifying') return [known, []]
  if (run.phase === 'settling') return [move(known, 'recovered', now), []]
  if (run.stale && run.phase === 'detected' && run.edges === 0)
    return [{ ...move(known, 'recovered', now), reason: 'recovered by itself long ago' }, []]
  return recover(known, byItself(run), now)
}

function byItself(run: Run): string {
  return run.attempt === 0 ? 'recovered by itself before anything was done' : 'recovered by itself before the next attempt'
}

function withdrawn(run: Run, reason: string, now: number): Step {
  if (run.phase === 'acting') return [{ ...run, withdrawn: reason }, []]
  if (run.phase === 'settling') return [move(run, 'recovered', now), []]
  return finish(run, 'held', 'dropped', reason, now)
}

function resumed(run: Run, now: number): Step {
  if (run.phase === 'acting') {
    const reason = `the healer was interrupted during attempt ${run.attempt}; the command is not run again, only its effect is looked at`
    const audit: RunEffect = { kind: 'audit', action: 'heal.act', outcome: 'failed', reason }
    const [told, effects] = tell(move(run, 'verifying', now), { phase: 'verifying', reason })
    return [told, [audit, ...effects, { kind: 'verify' }]]
  }
  if (run.phase === 'verifying') return [run, [{ kind: 'verify' }]]
  if (run.dueMs !== null) return [run, [{ kind: 'wait' }]]
  if (run.phase === 'settling') return [run, [{ kind: 'precheck' }]]
  return [{ ...run, phase: 'detected' }, [{ kind: 'gate' }]]
}

/** A new run: it starts at once, or after the first wait of its backoff. */
export function begin(run: Run, policy: Policy, extraMs: number, now: number): Step {
  const waitMs = backoffMs(policy, 1, run.id) + extraMs
  return waitMs === 0 ? [run, [{ kind: 'gate' }]] : [{ ...run, dueMs: now + waitMs }, [{ kind: 'wait' }]]
}
