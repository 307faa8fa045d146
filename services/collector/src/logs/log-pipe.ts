import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '@nightshift/shared/clock'
import { describeError } from '@nightshift/shared/errors'
import { comparableInterval } from '../cadence.ts'
import type { Log } from '../log.ts'
import type { Reading } from '../sources/source.ts'
import type { NoticePublisher } from './notice-publisher.ts'
import type { PositionKeeper } from './positions/position-keeper.ts'
import { tailFields } from './tail-fields.ts'
import type { Analyzer, LineOrigin } from './record.ts'
import type { Destination } from './ship/destination.ts'
import type { Shipper } from './ship/shipper.ts'
import type { LogSource, SourceSink } from './sources/log-source.ts'

/** How often a log that is quiet is looked at; half as often when it is many files. */
const pollMs = 250
const manyFiles = 32
const saveEveryMs = 1000
/** A look that takes longer hangs, on a mount that is dead for example. */
const stuckMs = 10_000
const stopMs = 2000
/** How often it is looked for an instant without an open stack trace, and how long a position is not saved for want of one. */
const settleMs = 5
const longestOpenMs = 3000
/** For lines to arrive where they are shipped, before numbers are published. */
const longestWaitMs = 1000

export interface LogPipeParts {
  readonly name: string
  readonly everyMs: number
  readonly source: LogSource
  readonly analyzer: Analyzer
  readonly keeper: PositionKeeper
  readonly notices: NoticePublisher
  readonly shipper: Shipper | undefined
  readonly destinations: readonly Destination[]
  readonly clock: Clock
  readonly log: Log
  readonly publish: (reading: Reading, epochMs: number, intervalSeconds: number | null) => void
}

/** One log: its lines go from the source through the analysis to the bus, while the position follows. */
export class LogPipe {
  readonly #parts: LogPipeParts
  readonly #stopping = new AbortController()
  readonly #sink: SourceSink
  /** Where lines came from, and perhaps a stack trace is still open. */
  readonly #origins = new Set<LineOrigin>()
  readonly #reading: Promise<void>
  readonly #keeping: Promise<void>
  #everyMs: number
  #settledMs: number
  #lookedMs: number | undefined
  #isStuck = false
  #publishedMs: number | undefined
  #complaint = ''

  constructor(parts: LogPipeParts) {
    const { analyzer } = parts
    this.#parts = parts
    this.#everyMs = parts.everyMs
    this.#settledMs = parts.clock.monotonicMs()
    this.#sink = {
      take: (chunk, receivedMs, origin, offset) => {
        this.#origins.add(origin)
        analyzer.take(chunk, receivedMs, origin, offset)
      },
      close: (origin) => {
        this.#origins.delete(origin)
        analyzer.close(origin)
      },
      isFull: () => this.#stopping.signal.aborted || analyzer.isFull(),
    }
    this.#reading = this.#read(this.#stopping.signal)
    this.#keeping = this.#keep(this.#stopping.signal)
  }

  get source(): LogSource {
    return this.#parts.source
  }

  get destinations(): readonly Destination[] {
    return this.#parts.destinations
  }

  set everyMs(everyMs: number) {
    this.#everyMs = everyMs
  }

  /** True while a look at the log hangs. */
  get isStuck(): boolean {
    return this.#isStuck
  }

  /** Takes no more lines, sends those that are there, and saves where it is. */
  async stop(): Promise<void> {
    const { keeper, notices, shipper, source } = this.#parts
    this.#stopping.abort()
    // A look that hangs must not keep the service from stopping.
    const isStill = await Promise.race([this.#reading.then(() => true), sleep(stopMs, false, { ref: false })])
    await this.#keeping
    for (const origin of this.#origins) this.#sink.close(origin)
    await shipper?.stop(stopMs)
    notices.publish(this.#parts.analyzer.drainEvents())
    await keeper.saveLast()
    await notices.settle()
    if (isStill) await source.close()
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { clock, name, source, log } = this.#parts
    while (!signal.aborted) {
      let isMore = false
      try {
        this.#lookedMs = clock.monotonicMs()
        isMore = await source.poll(this.#sink)
        this.#complaint = ''
      } catch (error) {
        const complaint = describeError(error)
        if (complaint !== this.#complaint) log.warn({ log: name, error }, `log ${name} cannot be read; still trying`)
        this.#complaint = complaint
      }
      this.#lookedMs = undefined
      if (isMore && !this.#sink.isFull()) continue
      const restMs = source.standing().files > manyFiles ? pollMs * 4 : pollMs
      await sleep(isMore ? 20 : restMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async #keep(signal: AbortSignal): Promise<void> {
    const { analyzer, clock, keeper, notices } = this.#parts
    let dueMs = clock.monotonicMs() + this.#everyMs
    while (!signal.aborted) {
      const waitMs = Math.min(saveEveryMs, Math.max(50, dueMs - clock.monotonicMs()))
      await sleep(waitMs, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
      this.#watch()
      notices.publish(analyzer.drainEvents())
      if (clock.monotonicMs() >= dueMs) {
        dueMs = Math.max(dueMs + this.#everyMs, clock.monotonicMs())
        await this.#publish()
      } else {
        if (analyzer.openEvents() === 0 || clock.monotonicMs() - this.#settledMs > longestOpenMs) {
          while (analyzer.openEvents() > 0) await this.#settle(saveEveryMs)
          this.#settledMs = clock.monotonicMs()
          keeper.take()
        }
        await keeper.save(0)
      }
    }
  }

  /**
   * What is published was saved before, so that after a crash no counter falls behind what others have seen. Only when lines cannot be
   * shipped for long is it published all the same: they count as read, though they will be read again.
   */
  async #publish(): Promise<void> {
    const { analyzer, clock, destinations, keeper, notices, publish, shipper, source } = this.#parts
    const patienceMs = Math.min(this.#everyMs / 4, longestWaitMs)
    await keeper.save(patienceMs)
    while (analyzer.openEvents() > 0) await this.#settle(patienceMs)
    const nowMs = clock.monotonicMs()
    const epochMs = clock.now()
    const intervalSeconds = comparableInterval(this.#publishedMs, nowMs, this.#everyMs)
    const reading = analyzer.read(intervalSeconds)
    const fields = { ...reading.fields, ...tailFields(source, notices.counts, destinations, shipper?.waiting) }
    keeper.take()
    await keeper.save(patienceMs)
    this.#publishedMs = nowMs
    this.#settledMs = nowMs
    publish({ ...reading, fields }, epochMs, intervalSeconds)
  }

  /**
   * Waits for an instant at which no stack trace is open: what is open was read but is in no counter yet. In a stream of errors that never
   * pauses there is none; then what is open is taken as complete, and at worst one stack trace is cut in two.
   */
  async #settle(withinMs: number): Promise<void> {
    const { analyzer, clock } = this.#parts
    const endMs = clock.monotonicMs() + withinMs
    while (analyzer.openEvents() > 0) {
      if (clock.monotonicMs() < endMs) await sleep(settleMs)
      else for (const origin of this.#origins) analyzer.close(origin)
    }
  }

  #watch(): void {
    const { clock, log, name } = this.#parts
    const isStuck = this.#lookedMs !== undefined && clock.monotonicMs() - this.#lookedMs > stuckMs
    if (isStuck && !this.#isStuck) log.warn({ log: name }, `log ${name} hangs while it is read; is it on a mount that does not answer?`)
    this.#isStuck = isStuck
  }
}
