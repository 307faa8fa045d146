import type { Origin } from '../../envelope.ts'
import type { Analyzer } from '../record.ts'
import { parcelOf, type Destination } from './destination.ts'

/** Lines that are sent together. */
const batchLines = 1000
/** How long the shipper rests when there is nothing to send. */
const idleMs = 100

export interface ShipperParts {
  readonly analyzer: Pick<Analyzer, 'drainShipped' | 'pendingShipped'>
  readonly destinations: readonly Destination[]
  readonly origin: Origin
  /** Name of the log. */
  readonly source: string
}

/** Carries lines from the analysis to every destination, one batch after the other. */
export class Shipper {
  readonly #parts: ShipperParts
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>
  #isDraining = false
  #handed = 0
  #done = 0

  constructor(parts: ShipperParts) {
    this.#parts = parts
    this.#running = this.#run(this.#stopping.signal)
  }

  /** The number of the last line that the analysis was given to ship. When `hasReached` it, a position behind it may be saved. */
  barrier(): number {
    return this.#handed + this.#parts.analyzer.pendingShipped()
  }

  hasReached(barrier: number): boolean {
    return this.#done >= barrier
  }

  get waiting(): number {
    return this.barrier() - this.#done
  }

  /** Sends what is there, within the time; what is left is sent again by the next run. */
  async stop(deadlineMs: number): Promise<void> {
    this.#isDraining = true
    const timer = setTimeout(() => this.#stopping.abort(), deadlineMs)
    await this.#running
    clearTimeout(timer)
    for (const destination of this.#parts.destinations) destination.close()
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { analyzer, destinations, origin, source } = this.#parts
    while (!signal.aborted) {
      const parcels = analyzer.drainShipped(batchLines).map((line) => parcelOf(line, origin, source))
      if (parcels.length === 0) {
        if (this.#isDraining) return
        await new Promise((resolve) => setTimeout(resolve, idleMs))
        continue
      }
      this.#handed += parcels.length
      const outcomes = await Promise.allSettled(destinations.map((destination) => destination.ship(parcels, signal)))
      if (outcomes.some((outcome) => outcome.status === 'rejected')) return
      this.#done += parcels.length
    }
  }
}
