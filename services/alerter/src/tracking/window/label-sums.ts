import type { MetricEvent } from '@nightshift/shared/events/metric'
import { labelsKey } from '../labels-key.ts'
import type { MetricReading } from '../readings.ts'
import { PartGatherer } from './part-gatherer.ts'
import { grownBy } from './sample-window.ts'

interface Grown {
  value: number
  atMs: number
}

/**
 * Adds up the series of one host that share some labels. Counters are added up by how much each of them grew, so that one that starts anew,
 * comes or goes does not make the sum jump. When one of the series cannot be read, neither can the sum.
 */
export class LabelSums {
  readonly #gatherer = new PartGatherer()
  readonly #counters = new Map<string, Grown>()
  readonly #sums = new Map<string, Grown>()
  readonly #by: readonly string[]
  readonly #isCounter: boolean

  constructor(by: readonly string[], isCounter: boolean) {
    this.#by = by
    this.#isCounter = isCounter
  }

  /** undefined: the message is not whole yet. */
  take(event: MetricEvent, atMs: number, readings: readonly MetricReading[]): MetricReading[] | undefined {
    const whole = this.#gatherer.take(event, readings)
    if (whole === undefined) return undefined
    const sums = new Map<string, { labels: Record<string, string>; total: number; isKnown: boolean }>()
    for (const reading of whole) {
      const labels = this.#sharedLabels(reading.labels)
      const key = labelsKey(labels)
      const sum = sums.get(key) ?? { labels, total: 0, isKnown: true }
      sums.set(key, sum)
      if (reading.value === null) sum.isKnown = false
      else sum.total += this.#isCounter ? this.#growth(reading.key, reading.value, atMs) : reading.value
    }
    return [...sums].map(([key, { labels, total, isKnown }]) => {
      const value = this.#isCounter ? this.#raise(key, total, atMs) : total
      return { key, labels, value: isKnown ? value : null }
    })
  }

  /** Forgets what was not seen since. */
  sweep(sinceMs: number): void {
    for (const known of [this.#counters, this.#sums]) {
      for (const [key, { atMs }] of known) if (atMs < sinceMs) known.delete(key)
    }
  }

  #growth(key: string, value: number, atMs: number): number {
    const known = this.#counters.get(key)
    this.#counters.set(key, { value, atMs })
    return known === undefined ? 0 : grownBy(known.value, value)
  }

  #raise(key: string, by: number, atMs: number): number {
    const value = (this.#sums.get(key)?.value ?? 0) + by
    this.#sums.set(key, { value, atMs })
    return value
  }

  #sharedLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(
      this.#by.flatMap((name): [string, string][] => (Object.hasOwn(labels, name) ? [[name, labels[name] ?? '']] : [])),
    )
  }
}
