import type { Severity } from '../rules/severity.ts'
import type { FlappingConfig } from './flap-config.ts'

/** The last states of one alert, by Nagios: 21 of them hold 20 changes. Stored as it is (snake_case). */
export interface History {
  /** The oldest first: `ok`, or the severity at which it fires. */
  readonly states: readonly string[]
  /** Of the newest state, milliseconds by our clock. */
  readonly time_ms: number
  /** The event that brought it: it may come again after a crash. */
  readonly event_id: string
  readonly is_flapping: boolean
  /** How bad it was when people were told that it flaps, or since: what is worse is not kept from them. */
  readonly told_severity: Severity | null
}

export const maxStates = 21
const changes = maxStates - 1
/** A change weighs from 0.75, the oldest, to 1.25, the newest: together as many as there are. */
const lightest = 0.75
const spread = 0.5

/** Nothing is known of it but that it was well. */
export function newHistory(nowMs: number): History {
  return { states: ['ok'], time_ms: nowMs, event_id: '', is_flapping: false, told_severity: null }
}

/** The history with the time up to now in it: as many steps without a change as have passed. */
export function advance(history: History, { window: windowMs }: FlappingConfig, nowMs: number): History {
  const stepMs = windowMs / changes
  const steps = Math.floor((nowMs - history.time_ms) / stepMs)
  const last = history.states.at(-1)
  if (steps <= 0 || last === undefined) return history
  const quiet = Array.from({ length: Math.min(steps, changes) }, () => last)
  return { ...history, states: [...history.states, ...quiet].slice(-maxStates), time_ms: history.time_ms + steps * stepMs }
}

/** The history with what an event says. */
export function note(history: History, event: { id: string; state: string }, terms: FlappingConfig, nowMs: number): History {
  if (event.id === history.event_id) return history
  const past = advance(history, terms, nowMs)
  if (past.states.at(-1) === event.state) return past
  return { ...past, states: [...past.states, event.state].slice(-maxStates), time_ms: nowMs, event_id: event.id }
}

/** How much of it changed, 0 to 1. */
export function changedShare({ states }: History): number {
  const offset = maxStates - states.length
  let sum = 0
  for (let index = 1; index < states.length; index++) {
    if (states[index] !== states[index - 1]) sum += lightest + ((index + offset - 1) * spread) / (changes - 1)
  }
  return sum / changes
}

/** Between the two shares it stays what it is. It begins to flap only while it fires: that is when there is something to tell. */
export function judge(history: History, { high, low }: FlappingConfig): History {
  const share = changedShare(history)
  if (history.is_flapping) return share <= low ? { ...history, is_flapping: false } : history
  return share >= high && history.states.at(-1) !== 'ok' ? { ...history, is_flapping: true } : history
}

/** So many changes are in it. */
export function changeCount({ states }: History): number {
  return states.filter((state, index) => index > 0 && state !== states[index - 1]).length
}
