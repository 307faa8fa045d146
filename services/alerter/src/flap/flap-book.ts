import type { AlertEvent } from '@nightshift/shared/events/alert'
import { neverFired } from '../alert/life.ts'
import { isFiring } from '../group/group.ts'
import { isWorse, type Severity } from '../rules/severity.ts'
import type { FlappingConfig } from './flap-config.ts'
import { advance, changedShare, judge, newHistory, note, type History } from './history.ts'

const maxHistories = 10_000

/** The histories of alerts that changed of late, and which of them flap. No I/O. */
export class FlapBook {
  readonly #histories = new Map<string, History>()
  #terms: FlappingConfig

  constructor(terms: FlappingConfig) {
    this.#terms = terms
  }

  use(terms: FlappingConfig): void {
    this.#terms = terms
  }

  restore(fingerprint: string, history: History): void {
    this.#histories.set(fingerprint, history)
  }

  /** undefined: it does not. */
  flapping(fingerprint: string): History | undefined {
    const history = this.#histories.get(fingerprint)
    return history?.is_flapping === true ? history : undefined
  }

  allFlapping(): [fingerprint: string, history: History][] {
    return [...this.#histories].filter(([, { is_flapping: isFlapping }]) => isFlapping)
  }

  /** Takes an alert event in. True when the alert flaps from now on: to be told, and then kept quiet by `begin`. */
  note(event: AlertEvent, nowMs: number): boolean {
    const history = this.#after(event, nowMs)
    if (history === undefined) return false
    // It got worse than people know, so they have just been told.
    const isWorseNow = history.is_flapping && isFiring(event) && isWorse(event.severity, history.told_severity ?? 'info')
    this.#histories.set(event.fingerprint, isWorseNow ? { ...history, told_severity: event.severity } : history)
    return this.#isBeginning(history)
  }

  /** Whether the alert flaps from this event on, which is not taken in yet. */
  begins(event: AlertEvent, nowMs: number): boolean {
    const history = this.#after(event, nowMs)
    return history !== undefined && this.#isBeginning(history)
  }

  begin(fingerprint: string, severity: Severity): void {
    const history = this.#histories.get(fingerprint)
    if (history !== undefined) this.#histories.set(fingerprint, { ...history, is_flapping: true, told_severity: severity })
  }

  /** Lets time pass. Gives those that have settled, and forgets what has not changed for the whole window. */
  settle(nowMs: number): string[] {
    const settled: string[] = []
    for (const [fingerprint, before] of this.#histories) {
      const after = advance(before, this.#terms, nowMs)
      const isOver = before.is_flapping && (!this.#terms.enabled || !judge(after, this.#terms).is_flapping)
      if (isOver) settled.push(fingerprint)
      if (changedShare(after) === 0 && (isOver || !before.is_flapping)) this.#histories.delete(fingerprint)
      else this.#histories.set(fingerprint, isOver ? { ...after, is_flapping: false } : after)
    }
    return settled
  }

  /** The history of an alert with an event in it; undefined when that is nothing to remember. */
  #after(event: AlertEvent, nowMs: number): History | undefined {
    const state = stateOf(event)
    if (state === undefined || !this.#terms.enabled) return undefined
    const known = this.#histories.get(event.fingerprint)
    if (known === undefined && (state === 'ok' || this.#histories.size >= maxHistories)) return undefined
    return note(known ?? newHistory(nowMs), { id: event.id, state }, this.#terms, nowMs)
  }

  #isBeginning(history: History): boolean {
    return !history.is_flapping && judge(history, this.#terms).is_flapping
  }
}

/** What an event says of the state of its alert; undefined: nothing new. */
function stateOf(event: AlertEvent): string | undefined {
  if (isFiring(event)) return event.severity
  return event.phase === 'resolved' && !neverFired(event.reason) ? 'ok' : undefined
}
