import type { Clock } from '@nightshift/shared/clock'
import { Places } from './places.ts'
import { covers, type Positions } from './state/position.ts'
import type { AlertStore } from './state/alert-store.ts'
import type { AlertRecord, Checkpoint } from './state/stored.ts'
import type { Tracked } from './tracking/alert-book.ts'
import type { Engine } from './tracking/engine.ts'
import type { QuietBreaches } from './tracking/quiet-breaches.ts'

interface Parts {
  readonly store: AlertStore
  readonly engine: Engine
  readonly quiet: QuietBreaches
  readonly clock: Clock
  readonly last: Checkpoint | undefined
}

/** An alert that was over when a checkpoint was made. */
interface Ended {
  readonly tracked: Tracked
  readonly record: AlertRecord | undefined
}

const maxAtOnce = 64
/** When nothing happened but time, a checkpoint this rarely is enough: reading a few seconds again is cheap. */
const idleEveryMs = 5000

/**
 * Decides when a checkpoint is due and what it may cover, and clears away what it made superfluous. Saves only while nothing else is under
 * way, so everything up to where the readers are was stored and told.
 */
export class Checkpointer {
  readonly #parts: Parts
  readonly #ended = new Set<Tracked>()
  readonly #places = new Places(maxAtOnce)
  #number: number
  #saved: Positions | undefined
  #savedMs: number
  #isDirty = false

  constructor(parts: Parts) {
    this.#parts = parts
    this.#number = parts.last?.number ?? 0
    this.#saved = parts.last?.applied
    this.#savedMs = parts.clock.monotonicMs()
  }

  /** The one that the shard was opened with; undefined on the very first start. */
  get last(): Checkpoint | undefined {
    return this.#parts.last
  }

  /** What is told from now on is covered by this one. */
  get next(): number {
    return this.#number + 1
  }

  /** Something was stored or told that the next checkpoint is to cover. */
  touch(): void {
    this.#isDirty = true
  }

  /** An alert is over; its record goes when the checkpoint has passed it. */
  noteEnd(tracked: Tracked): void {
    this.#ended.add(tracked)
  }

  /**
   * Saves a checkpoint when one is due. Returns its number with what is to be done then, which may go on beside other work; undefined when
   * none is due.
   */
  async save(
    handled: Positions,
    incarnations: Checkpoint['incarnations'],
    isLast: boolean,
  ): Promise<{ number: number; clear: () => Promise<void> } | undefined> {
    const { store, quiet, clock } = this.#parts
    const monotonicMs = clock.monotonicMs()
    const applied: Positions = { METRICS: quiet.limit(handled.METRICS, monotonicMs), EVENTS: handled.EVENTS }
    const hasMoved =
      this.#saved === undefined || !covers(this.#saved.METRICS, applied.METRICS) || !covers(this.#saved.EVENTS, applied.EVENTS)
    // On the first start metrics begin wherever the stream is: where that was is to be known at once.
    const isFirst = this.#saved === undefined || this.#saved.METRICS.seq === 0
    const isDue = this.#isDirty || (hasMoved && (isFirst || isLast || monotonicMs - this.#savedMs >= idleEveryMs))
    if (!isDue) return undefined
    const number = this.next
    await store.saveCheckpoint({ number, applied, incarnations, time_ms: clock.now() })
    this.#number = number
    this.#saved = applied
    this.#savedMs = monotonicMs
    this.#isDirty = false
    const ended = [...this.#ended].map((tracked) => ({ tracked, record: tracked.record }))
    return { number, clear: async () => void (await Promise.all(ended.map((each) => this.#places.run(() => this.#clear(each, applied))))) }
  }

  async #clear({ tracked, record }: Ended, applied: Positions): Promise<void> {
    const { store, engine } = this.#parts
    const { life } = tracked
    // It went on meanwhile, and may have ended again: that is for another checkpoint.
    if (tracked.record !== record) return
    const isOver = record !== undefined && record.life.phase === 'ok' && (life === undefined || life.phase === 'ok')
    if (isOver && !(covers(applied.METRICS, record.applied.METRICS) && covers(applied.EVENTS, record.applied.EVENTS))) return
    this.#ended.delete(tracked)
    if (!isOver) return
    engine.forget(tracked)
    await store.forgetAlert(record)
  }
}
