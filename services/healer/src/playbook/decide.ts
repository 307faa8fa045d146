import type { HealthEvent } from '@nightshift/shared/events/health'
import { derivedId } from '@nightshift/shared/ids'
import type { Control } from '../control/control-record.ts'
import { auditEntry, healEntry, type Speaker } from '../heal-event.ts'
import { trimState, type HealerState } from '../state/healer-state.ts'
import type { RunEffect } from './edges.ts'
import type { Playbook } from './playbook.ts'
import { judge, recordAct, recordRecovery, type Rate } from './rails.ts'
import { begin, step, type RunInput } from './reducer.ts'
import { hasEnded, type Run } from './run.ts'

/** What does not change from one decision to the next, but for a reload. */
export interface Surroundings {
  speaker: Speaker
  rate: Rate
  /** An older trigger waits a little for what overtakes it. */
  maxAgeMs: number
}

/** An effect that somebody has to carry out for a run. What is only to be said is in the state's outbox. */
export interface Task {
  run: Run
  effect: Exclude<RunEffect, { kind: 'publish' | 'audit' }>
}

export type Decision = [HealerState, Task[]]

/** An answer of the control bucket becomes the verdict of the rails in the same step that records the action: no two runs share one allowance. */
export type HealerInput = Exclude<RunInput, { kind: 'gate' }> | { kind: 'control'; control: Control | undefined }

/** Time that a trigger from the past waits for the transitions that came after it. */
const staleWaitMs = 2000

/** One input of one run. A run that is no more takes nothing. */
export function applyInput(
  state: HealerState,
  runId: string,
  input: HealerInput,
  playbook: Playbook,
  around: Surroundings,
  now: number,
): Decision {
  const run = state.runs[playbook.check]
  if (run === undefined || run.id !== runId) return [state, []]
  const { policy } = playbook
  const railsInput = {
    policy,
    target: run.target,
    run: run.id,
    history: state.history,
    rate: around.rate,
  }
  const known: RunInput =
    input.kind === 'control' ? { kind: 'gate', verdict: judge({ ...railsInput, control: input.control }, now) } : input
  return absorb(state, ...step(run, known, policy, now), playbook, around, now)
}

/** A transition of a check that has a playbook. */
export function takeTransition(
  state: HealerState,
  event: HealthEvent,
  at: { subject: string; seq: number },
  playbook: Playbook,
  around: Surroundings,
  now: number,
): Decision {
  if (state.seen.includes(event.id)) return [state, []]
  const timeMs = Date.parse(event.time)
  const mark = state.checks[event.check]
  const seen = [...state.seen, event.id]
  // Both must say so: the stream may have been made anew (low numbers), the clock of the host set back (early times).
  if (mark !== undefined && timeMs < mark.timeMs && at.seq < mark.seq) {
    const reason = `${event.state} at ${event.time} was overtaken by ${mark.state}`
    return [say({ ...state, seen }, event, 'heal.trigger', reason, around, now), []]
  }
  const next = trimState(
    {
      ...state,
      seen,
      checks: { ...state.checks, [event.check]: { timeMs, seq: at.seq, state: event.state } },
    },
    now,
  )
  const active = next.runs[event.check]
  if (active !== undefined) {
    const input: RunInput =
      event.state === 'removed'
        ? { kind: 'withdrawn', reason: `the check ${event.check} was removed` }
        : { kind: 'health', state: event.state }
    return absorb(next, ...step(active, input, playbook.policy, now), playbook, around, now)
  }
  // A time before 1970 cannot stand in an id.
  const id = derivedId(Math.max(0, timeMs), event.id, playbook.name)
  if (event.state !== 'failing' || next.ended.some((run) => run.id === id)) return [next, []]
  const stale = now - timeMs > around.maxAgeMs
  const run = newRun(id, event, at.subject, playbook, stale, now)
  return absorb(next, ...begin(run, playbook.policy, stale ? staleWaitMs : 0, now), playbook, around, now)
}

function newRun(id: string, event: HealthEvent, subject: string, playbook: Playbook, stale: boolean, now: number): Run {
  return {
    id,
    playbook: playbook.name,
    target: event.check,
    trigger: { subject, eventId: event.id },
    correlationId: event.correlation_id,
    stale,
    phase: 'detected',
    health: 'failing',
    attempt: 0,
    startedMs: now,
    phaseSinceMs: now,
    dueMs: null,
    held: null,
    heldReasons: [],
    diagnosed: 0,
    unverified: false,
    settleUntilMs: null,
    withdrawn: null,
    process: null,
    action: null,
    reason: null,
    edges: 0,
  }
}

/** Puts a run and what it wants into the state: events into the outbox, acts into the history, the rest to whoever carries it out. */
function absorb(
  state: HealerState,
  decided: Run,
  effects: readonly RunEffect[],
  playbook: Playbook,
  around: Surroundings,
  now: number,
): Decision {
  if (decided === state.runs[decided.target] && effects.length === 0) return [state, []]
  let run = decided
  let { history } = state
  const outbox = [...state.outbox]
  const tasks: Task[] = []
  for (const effect of effects) {
    if (effect.kind === 'publish') {
      outbox.push(healEntry(around.speaker, run, playbook.policy, effect, now))
      if (effect.edge.phase === 'recovered' && effect.attempt > 0) history = recordRecovery(history, run.target, now)
    } else if (effect.kind === 'audit') {
      const facts = [run.id, String(run.edges)]
      run = { ...run, edges: run.edges + 1 }
      outbox.push(
        auditEntry(
          around.speaker,
          {
            ...effect,
            facts,
            correlationId: run.correlationId,
            target: `${run.playbook} on ${run.target}`,
          },
          now,
        ),
      )
    } else {
      if (effect.kind === 'act') history = recordAct(history, { target: run.target, run: run.id, atMs: now })
      tasks.push({ run, effect })
    }
  }
  const { [run.target]: _, ...others } = state.runs
  const { id, target, phase, attempt, startedMs, reason } = run
  const runs = hasEnded(run) ? others : { ...others, [target]: run }
  const ended = hasEnded(run)
    ? [...state.ended, { id, playbook: run.playbook, target, phase, attempt, startedMs, endedMs: now, reason }]
    : state.ended
  return [trimState({ ...state, runs, ended, history, outbox }, now), tasks]
}

function say(state: HealerState, event: HealthEvent, action: string, reason: string, around: Surroundings, now: number): HealerState {
  const audit = {
    correlationId: event.correlation_id,
    target: event.check,
    action,
    outcome: 'nothing' as const,
    reason,
    facts: [event.id],
  }
  return trimState({ ...state, outbox: [...state.outbox, auditEntry(around.speaker, audit, now)] }, now)
}
