import { formatDuration } from '@nightshift/shared/config/scalars'
import type { Control } from '../control/control-record.ts'
import type { Policy } from './playbook.ts'

/** One action that was begun, as the rails count it. */
interface Act {
  target: string
  run: string
  atMs: number
}

/** What the rails remember of the past. Acts older than a day are of no account. */
export interface History {
  acts: Act[]
  /** When each target was last healed. */
  recoveredMs: Record<string, number>
}

export interface Rate {
  actions: number
  perMs: number
}

/** `control`: a person holds us. `limit`: a rail does, until a known time. `unreachable`: what we need to know or own cannot be had now. */
export type HoldCause = 'control' | 'limit' | 'unreachable'

export type Verdict =
  | { kind: 'go'; recurring: boolean; heals: number }
  | { kind: 'hold'; cause: HoldCause; reason: string; untilMs: number }
  | { kind: 'stop'; reason: string }

const dayMs = 86_400_000
/** From this heal of one target within a day on, it is said to be recurring. */
const recurringHeals = 3
/** After so many heals of one target within a day a person must look. */
const stopHeals = 6
/** How often a run looks again for what is out of reach, and for whether a person let it go. */
export const holdRetryMs = 5000
const controlRetryMs = 10_000
/** Far above what the budgets let through in a day; only a clock that runs wild gets there. */
const maxActs = 5000

export interface RailsInput {
  policy: Policy
  target: string
  run: string
  history: History
  rate: Rate
  /** Undefined: the kill switch and the holds cannot be read, so nobody may act. */
  control: Control | undefined
}

/** Whether the run may act on its target now. Asked at the start of each attempt and again right before the action. */
export function judge(input: RailsInput, now: number): Verdict {
  const { policy, target, history, rate, control } = input
  if (control === undefined) return hold('unreachable', 'the kill switch cannot be read from the bus', now + holdRetryMs)
  if (control.killSwitch !== null) return hold('control', `the kill switch is on: ${control.killSwitch}`, now + controlRetryMs)
  if (control.hold !== null) return hold('control', `this host is held: ${control.hold}`, now + controlRetryMs)

  const ofTarget = history.acts.filter((act) => act.target === target)
  const recent = ofTarget.filter((act) => isWithin(act.atMs, now, policy.windowMs))
  if (recent.length >= policy.attempts) {
    return {
      kind: 'stop',
      reason: `${recent.length} attempts on ${target} within ${formatDuration(policy.windowMs)} are the limit`,
    }
  }
  const runsToday = new Set(ofTarget.filter((act) => act.run !== input.run && isWithin(act.atMs, now, dayMs)).map((act) => act.run))
  if (runsToday.size >= stopHeals)
    return {
      kind: 'stop',
      reason: `${target} was healed ${runsToday.size} times within a day; find out why it keeps failing`,
    }

  const recoveredMs = history.recoveredMs[target]
  if (recoveredMs !== undefined && isWithin(recoveredMs, now, policy.cooldownMs)) {
    return hold('limit', `${target} was healed a moment ago and rests`, Math.max(recoveredMs + policy.cooldownMs, now + 1))
  }

  const ofAll = history.acts.filter((act) => isWithin(act.atMs, now, rate.perMs))
  if (ofAll.length >= rate.actions) {
    const oldest = Math.min(...ofAll.map((act) => act.atMs))
    return hold(
      'limit',
      `${rate.actions} actions within ${formatDuration(rate.perMs)} are the limit of this host`,
      Math.max(oldest + rate.perMs, now + 1),
    )
  }
  const heals = runsToday.size + 1
  return { kind: 'go', recurring: heals >= recurringHeals, heals }
}

export function recordAct(history: History, act: Act): History {
  return {
    ...history,
    acts: [...history.acts.filter((past) => isWithin(past.atMs, act.atMs, dayMs)), act].slice(-maxActs),
  }
}

export function recordRecovery(history: History, target: string, now: number): History {
  const recent = Object.entries(history.recoveredMs).filter(([, atMs]) => isWithin(atMs, now, dayMs))
  return { ...history, recoveredMs: { ...Object.fromEntries(recent), [target]: now } }
}

/** A time that a clock since set back left in the future counts as recent, but one far in the future binds nobody. */
function isWithin(atMs: number, now: number, windowMs: number): boolean {
  return Math.abs(now - atMs) < windowMs
}

function hold(cause: HoldCause, reason: string, untilMs: number): Verdict {
  return { kind: 'hold', cause, reason, untilMs }
}
