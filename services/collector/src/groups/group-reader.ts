import type { Clock } from '@nightshift/shared/clock'
import { describeError, NightshiftError } from '@nightshift/shared/errors'
import type { Log } from '../log.ts'
import { unsupportedCode, type CollectedGroup, type Reading, type Source } from '../sources/source.ts'
import { comparableInterval } from '../cadence.ts'
import { isOverBudget, stretch, unstretched, type Stretch } from './over-budget.ts'

/** A look that takes longer is said to hang. */
const hangsMs = 10_000
/** The wall clock and the monotonic one part by more than this many cadences when the machine slept. */
const maxSleep = 3

export interface GroupStats {
  looks: number
  errors: number
  /** Ticks on which the group was not read: the process was late, the last look was still under way, or the group is over its budget. */
  skips: number
  overBudget: number
  lastSeconds: number | null
  overflow: number
  unreadable: number
  /** How many times the cadence of the config it is read at: more than 1 while it is over its budget. */
  stretch?: number
}

export interface GroupReaderOptions {
  group: CollectedGroup
  everyMs: number
  source: Source
  clock: Clock
  log: Log
  /** Called after each look that succeeded; `epochMs` is when it began. */
  publish(group: string, reading: Reading, epochMs: number, intervalSeconds: number | null): void
}

/** Looks at one group whenever it is told to, one look at a time. */
export class GroupReader {
  readonly group: CollectedGroup
  readonly stats: GroupStats = { looks: 0, errors: 0, skips: 0, overBudget: 0, lastSeconds: null, overflow: 0, unreadable: 0 }
  everyMs: number
  readonly #options: GroupReaderOptions
  #lastMs: number | undefined
  /** Wall clock minus monotonic clock at the last look. */
  #lastLagMs = 0
  #busySinceMs: number | undefined
  #saidHangs = false
  #stretch: Stretch = unstretched
  #ticks = 0
  #closed = false
  #complaint = ''

  constructor(options: GroupReaderOptions) {
    this.group = options.group
    this.everyMs = options.everyMs
    this.#options = options
  }

  /** Never rejects: a group that cannot be read is counted, and said once. */
  async look(): Promise<void> {
    const { clock } = this.#options
    const startMs = clock.monotonicMs()
    if (this.#closed || this.#isHeldBack(startMs)) {
      this.stats.skips++
      return
    }
    this.#busySinceMs = startMs
    const epochMs = clock.now()
    try {
      const intervalSeconds = this.#interval(startMs, epochMs)
      const answer = this.#options.source.read(intervalSeconds)
      const blockedMs = clock.monotonicMs() - startMs
      const reading = answer instanceof Promise ? await answer : answer
      if (this.#closed) return
      this.#lastMs = startMs
      this.#lastLagMs = epochMs - startMs
      this.#note(reading, blockedMs, clock.monotonicMs() - startMs)
      this.#options.publish(this.group, reading, epochMs, intervalSeconds)
      for (const [group, beside] of Object.entries(reading.beside ?? {})) this.#options.publish(group, beside, epochMs, null)
    } catch (error) {
      this.#complain(error)
    } finally {
      this.#busySinceMs = undefined
    }
  }

  close(): void {
    this.#closed = true
    this.#options.source.close()
  }

  /** The last look is still under way, or the group is over its budget and this is not one of its ticks. */
  #isHeldBack(nowMs: number): boolean {
    if (this.#busySinceMs === undefined) {
      this.#ticks++
      return this.#ticks % this.#stretch.factor !== 0
    }
    if (nowMs - this.#busySinceMs > hangsMs && !this.#saidHangs) {
      this.#saidHangs = true
      this.#options.log.warn({ group: this.group }, `group ${this.group} has not answered for ${hangsMs / 1000} s; the others go on`)
    }
    return true
  }

  /** The monotonic clock stands still while the machine sleeps, and the wall clock does not. */
  #interval(nowMs: number, epochMs: number): number | null {
    const everyMs = this.everyMs * this.#stretch.factor
    const sleptMs = Math.abs(epochMs - nowMs - this.#lastLagMs)
    return sleptMs > maxSleep * everyMs ? null : comparableInterval(this.#lastMs, nowMs, everyMs)
  }

  #judge(blockedMs: number, tookMs: number): void {
    const isOver = isOverBudget({ blockedMs, tookMs }, this.everyMs)
    if (isOver) this.stats.overBudget++
    const [next, change] = stretch(this.#stretch, isOver)
    if (next.factor !== this.#stretch.factor) this.#ticks = 0
    this.#stretch = next
    if (next.factor > 1) this.stats.stretch = next.factor
    else delete this.stats.stretch
    const { log } = this.#options
    if (change === 'stretched') {
      log.warn(
        { group: this.group, seconds: tookMs / 1000 },
        `group ${this.group} takes too long to read; it is read less often until it does not`,
      )
    } else if (change === 'kept') log.info({ group: this.group }, `group ${this.group} is read as often as the config says again`)
  }

  #note(reading: Reading, blockedMs: number, tookMs: number): void {
    const overflow = reading.overflow ?? 0
    if (overflow > 0 && this.stats.overflow === 0) {
      this.#options.log.warn({ group: this.group, overflow }, `more items in group ${this.group} than are sent; exclude some in the config`)
    }
    if (this.#complaint !== '') this.#options.log.info({ group: this.group }, `group ${this.group} can be read again`)
    this.#complaint = ''
    this.#saidHangs = false
    this.stats.looks++
    this.stats.lastSeconds = tookMs / 1000
    this.stats.overflow = overflow
    this.stats.unreadable = reading.unreadable ?? 0
    this.#judge(blockedMs, tookMs)
  }

  #complain(error: unknown): void {
    const complaint = describeError(error)
    const isUnsupported = error instanceof NightshiftError && error.code === unsupportedCode
    if (!isUnsupported) this.stats.errors++
    if (this.#closed || complaint === this.#complaint) return
    this.#complaint = complaint
    if (isUnsupported) this.#options.log.info({ group: this.group }, `group ${this.group} is not to be had here: ${complaint}`)
    else this.#options.log.warn({ group: this.group, error }, `group ${this.group} cannot be read`)
  }
}
