import type { MetricEvent } from '@nightshift/shared/events/metric'
import type { MetricReading } from '../readings.ts'

/** Puts the parts of one message together, for what can only be judged when all of it is there. What lacks a part is left out. */
export class PartGatherer {
  #time = ''
  readonly #parts = new Set<number>()
  #readings: MetricReading[] = []

  /** Everything, with the last part; undefined before. */
  take(event: MetricEvent, readings: readonly MetricReading[]): readonly MetricReading[] | undefined {
    const { part = 1, parts = 1, time } = event
    if (parts === 1) return readings
    if (time !== this.#time) {
      this.#time = time
      this.#parts.clear()
      this.#readings = []
    }
    if (this.#parts.has(part)) return undefined
    this.#parts.add(part)
    this.#readings.push(...readings)
    if (this.#parts.size < parts) return undefined
    const whole = this.#readings
    this.#readings = []
    return whole
  }
}
