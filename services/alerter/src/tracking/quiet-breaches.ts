import { covers, type Position } from '../state/position.ts'
import type { Tracked } from './alert-book.ts'

/** A source that fell silent must not hold the checkpoint back for ever. */
const longestHoldMs = 60_000

/**
 * Breaches that are too young to be told or stored. The checkpoint stays before the message that began the oldest of them: after a restart
 * they are read again, so that `for` is not forgotten.
 */
export class QuietBreaches {
  readonly #began = new Map<Tracked, { readonly position: Position; readonly sinceMs: number }>()

  note(tracked: Tracked, position: Position, monotonicMs: number): void {
    if (!this.#began.has(tracked)) this.#began.set(tracked, { position, sinceMs: monotonicMs })
  }

  drop(tracked: Tracked): void {
    this.#began.delete(tracked)
  }

  /** How far the checkpoint may go, at most to `handled`. */
  limit(handled: Position, monotonicMs: number): Position {
    let limit = handled
    for (const { position, sinceMs } of this.#began.values()) {
      const before: Position = { generation: position.generation, seq: position.seq - 1 }
      if (monotonicMs - sinceMs < longestHoldMs && covers(limit, before)) limit = before
    }
    return limit
  }
}
