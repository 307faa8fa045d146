import type { Clock } from '@nightshift/shared/clock'

/** A clock that a test turns by hand. */
export class TurnedClock implements Clock {
  #ms = 1000
  #sleptMs = 0

  now(): number {
    return 1_700_000_000_000 + this.#sleptMs + this.#ms
  }

  monotonicMs(): number {
    return this.#ms
  }

  turn(ms: number): void {
    this.#ms += ms
  }

  /** The machine is asleep: only the wall clock goes on. */
  sleep(ms: number): void {
    this.#sleptMs += ms
  }
}
