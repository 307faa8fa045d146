import type { Clock } from '@nightshift/shared/clock'
import { nextTick } from '../cadence.ts'
import type { GroupReader } from './group-reader.ts'

/** Timers of Node may fire up to a millisecond early. */
const earlyMs = 1

/** Reads every group on its cadence, by one timer. Groups of one cadence are read on the same tick. */
export class GroupLoop {
  readonly #clock: Clock
  readonly #originMs: number
  #readers: readonly GroupReader[] = []
  /** When each cadence is due, on the monotonic clock. */
  #dueMs = new Map<number, number>()
  #timer: NodeJS.Timeout | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#originMs = clock.monotonicMs()
  }

  /** Takes these readers from now on. A cadence that is new is read at once, one that ran already keeps its ticks. */
  run(readers: readonly GroupReader[]): void {
    const nowMs = this.#clock.monotonicMs()
    this.#readers = readers
    this.#dueMs = new Map(readers.map(({ everyMs }) => [everyMs, this.#dueMs.get(everyMs) ?? nowMs]))
    this.#arm()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#readers = []
    this.#dueMs.clear()
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs()
    for (const [everyMs, dueMs] of this.#dueMs) {
      if (dueMs - nowMs > earlyMs) continue
      const next = nextTick(this.#originMs, everyMs, dueMs, nowMs)
      this.#dueMs.set(everyMs, next.dueMs)
      for (const reader of this.#readers.filter((candidate) => candidate.everyMs === everyMs)) {
        reader.stats.skips += next.skipped
        void reader.look()
      }
    }
    this.#arm()
  }

  #arm(): void {
    clearTimeout(this.#timer)
    if (this.#dueMs.size === 0) return
    const delayMs = Math.min(...this.#dueMs.values()) - this.#clock.monotonicMs()
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, Math.ceil(delayMs)))
  }
}
