import type { Clock } from '@nightshift/shared/clock'
import { describeError } from '@nightshift/shared/errors'
import type { Log } from '../log.ts'
import type { CollectedGroup, Reading, Source } from '../sources/source.ts'
import { comparableInterval } from '../cadence.ts'

/** What one look may take. A group over it is counted: it delays, or would delay, the others. */
export const budgetMs = 50

export interface GroupStats {
  looks: number
  errors: number
  /** Ticks on which the group was not read: the process was late, or the last look was still under way. */
  skips: number
  overBudget: number
  lastSeconds: number | null
  overflow: number
  unreadable: number
}

export interface GroupReaderOptions {
  group: CollectedGroup
  everyMs: number
  source: Source
  clock: Clock
  log: Log
  /** Called after each look that succeeded; `epochMs` is when it began. */
  publish(group: CollectedGroup, reading: Reading, epochMs: number, intervalSeconds: number | null): void
}

/** Looks at one group whenever it is told to, one look at a time. */
export class GroupReader {
  readonly group: CollectedGroup
  readonly stats: GroupStats = { looks: 0, errors: 0, skips: 0, overBudget: 0, lastSeconds: null, overflow: 0, unreadable: 0 }
  everyMs: number
  readonly #options: GroupReaderOptions
  #lastMs: number | undefined
  #busy = false
  #closed = false
  #complaint = ''

  constructor(options: GroupReaderOptions) {
    this.group = options.group
    this.everyMs = options.everyMs
    this.#options = options
  }

  /** Never rejects: a group that cannot be read is counted, and said once. */
  async look(): Promise<void> {
    if (this.#busy || this.#closed) {
      this.stats.skips++
      return
    }
    this.#busy = true
    const { clock } = this.#options
    const startMs = clock.monotonicMs()
    const epochMs = clock.now()
    try {
      const intervalSeconds = comparableInterval(this.#lastMs, startMs, this.everyMs)
      const answer = this.#options.source.read(intervalSeconds)
      const reading = answer instanceof Promise ? await answer : answer
      if (this.#closed) return
      this.#lastMs = startMs
      this.#note(reading, clock.monotonicMs() - startMs)
      this.#options.publish(this.group, reading, epochMs, intervalSeconds)
    } catch (error) {
      this.#complain(error)
    } finally {
      this.#busy = false
    }
  }

  close(): void {
    this.#closed = true
    this.#options.source.close()
  }

  #note(reading: Reading, durationMs: number): void {
    const overflow = reading.overflow ?? 0
    if (overflow > 0 && this.stats.overflow === 0) {
      this.#options.log.warn({ group: this.group, overflow }, `more items in group ${this.group} than are sent; exclude some in the config`)
    }
    if (this.#complaint !== '') this.#options.log.info({ group: this.group }, `group ${this.group} can be read again`)
    this.#complaint = ''
    this.stats.looks++
    this.stats.lastSeconds = durationMs / 1000
    this.stats.overflow = overflow
    this.stats.unreadable = reading.unreadable ?? 0
    if (durationMs > budgetMs) this.stats.overBudget++
  }

  #complain(error: unknown): void {
    this.stats.errors++
    const complaint = describeError(error)
    if (this.#closed || complaint === this.#complaint) return
    this.#complaint = complaint
    this.#options.log.warn({ group: this.group, error }, `group ${this.group} cannot be read`)
  }
}
