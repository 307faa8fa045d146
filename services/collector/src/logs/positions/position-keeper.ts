import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '@nightshift/shared/clock'
import { describeError } from '@nightshift/shared/errors'
import type { Log } from '../../log.ts'
import type { Analyzer } from '../record.ts'
import type { Shipper } from '../ship/shipper.ts'
import type { LogSource } from '../sources/log-source.ts'
import { formatPosition, writePosition } from './position-file.ts'

/** How often it is looked whether lines have arrived. */
const arrivalMs = 20

export interface PositionKeeperParts {
  readonly path: string
  readonly kind: string
  readonly source: LogSource
  readonly analyzer: Analyzer
  readonly shipper: Shipper | undefined
  readonly clock: Clock
  readonly log: Log
}

/** Keeps on disk how far a log was read. What is shipped must have arrived first: until then the position stays where it was. */
export class PositionKeeper {
  readonly #parts: PositionKeeperParts
  #taken: { text: string; barrier: number } | undefined
  #savedMark = ''
  #complaint = ''
  #writing: Promise<void> = Promise.resolve()

  constructor(parts: PositionKeeperParts) {
    this.#parts = parts
  }

  /** Takes where it is now, unless a place before it waits to be saved, or nothing was read since. */
  take(): void {
    const mark = Object.values(this.#parts.source.counts).join()
    if (this.#taken !== undefined || mark === this.#savedMark) return
    this.#savedMark = mark
    this.#taken = this.#take(false)
  }

  /** Saves what was taken, when the lines up to there have arrived; waits so long for them. Never rejects. */
  async save(withinMs: number): Promise<void> {
    const endMs = this.#parts.clock.monotonicMs() + withinMs
    for (;;) {
      await this.#writeTaken()
      if (this.#taken === undefined || this.#parts.clock.monotonicMs() >= endMs) return
      await sleep(arrivalMs)
    }
  }

  /** Of an orderly stop. What is still on its way is read again by the next run, from the position before it. */
  async saveLast(): Promise<void> {
    await this.#writeTaken()
    this.#taken = this.#take(true)
    await this.#writeTaken()
  }

  /** All at one instant: nothing may be read between the place in the source and what was counted up to it. */
  #take(isLast: boolean): { text: string; barrier: number } {
    const { analyzer, clock, kind, shipper, source } = this.#parts
    const text = formatPosition({
      kind,
      savedMs: clock.now(),
      isLast,
      counts: source.counts,
      source: source.save(),
      analysis: analyzer.save(),
    })
    return { text, barrier: shipper?.barrier() ?? 0 }
  }

  async #writeTaken(): Promise<void> {
    await this.#writing
    const { log, path, shipper } = this.#parts
    const taken = this.#taken
    if (taken === undefined || shipper?.hasReached(taken.barrier) === false) return
    this.#taken = undefined
    this.#writing = writePosition(path, taken.text).then(
      () => {
        this.#complaint = ''
      },
      (error: unknown) => {
        this.#savedMark = ''
        const complaint = describeError(error)
        if (complaint !== this.#complaint)
          log.error({ path, error: complaint }, 'the position in a log cannot be saved; a restart reads lines twice')
        this.#complaint = complaint
      },
    )
    await this.#writing
  }
}
