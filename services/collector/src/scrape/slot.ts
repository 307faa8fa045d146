import { quantileField } from '@nightshift/shared/metrics/app-item'
import type { Item } from '../sources/source.ts'
import { computedNumber, wireNumber } from './item-numbers.ts'
import type { Role, Shape } from './metric-types.ts'
import { quantileOf } from './quantile.ts'

/** One sample of a series on the page at hand, and what it was on the page before. */
export interface Sample {
  readonly role: Role
  /** Upper bound of a bucket, or the share of a quantile. */
  readonly bound: number
  readonly value: number
  /** Undefined when there is nothing to compare with. */
  readonly previous: number | undefined
}

export interface SlotOptions {
  readonly rates: boolean
  readonly quantiles: readonly number[]
}

/**
 * What becomes one item: the samples that have the same name and labels after all rules. Where several samples of a page fall together
 * they are added up, each with its own growth, so that one that vanishes does not look like a counter that was reset.
 */
export class Slot {
  /** Name and labels as one text. */
  readonly key: string
  readonly metric: string
  readonly labels: ReadonlyMap<string, string>
  readonly shape: Shape
  /** Series that feed it. */
  members = 0
  /** Some of its samples were left out because there were too many. */
  isPartial = false
  #total = 0
  /** Growth over the interval; null while nothing can be compared. */
  #growth: number | null = null
  #sum = 0
  #sumGrowth: number | null = null
  #sumChange: number | null = null
  #isReset = false
  #buckets = new Map<number, number>()
  #quantiles = new Map<number, number>()

  constructor(key: string, metric: string, labels: ReadonlyMap<string, string>, shape: Shape) {
    this.key = key
    this.metric = metric
    this.labels = labels
    this.shape = shape
  }

  /** What it grew by since the last page; for a gauge its value. */
  get amount(): number | null {
    return this.shape === 'gauge' || this.shape === 'gauge_histogram' ? this.#total : this.#growth
  }

  clear(): void {
    this.#total = 0
    this.#growth = null
    this.#sum = 0
    this.#sumGrowth = null
    this.#sumChange = null
    this.#isReset = false
    if (this.#buckets.size > 0) this.#buckets = new Map()
    if (this.#quantiles.size > 0) this.#quantiles = new Map()
  }

  /** `isReset`: it began anew since the last page although it did not shrink. */
  add({ role, bound, value, previous }: Sample, isReset: boolean): void {
    const growth = previous === undefined ? null : isReset || value < previous ? value : value - previous
    switch (role) {
      case 'gauge':
        this.#total += value
        return
      case 'counter':
      case 'count':
        this.#total += value
        if (growth !== null) this.#growth = (this.#growth ?? 0) + growth
        if (previous !== undefined && value < previous) this.#isReset = true
        return
      case 'sum':
        this.#sum += value
        if (growth === null || previous === undefined) return
        this.#sumGrowth = (this.#sumGrowth ?? 0) + growth
        this.#sumChange = (this.#sumChange ?? 0) + (isReset ? value : value - previous)
        return
      case 'bucket': {
        const amount = this.shape === 'gauge_histogram' ? value : growth
        if (amount !== null) this.#buckets.set(bound, (this.#buckets.get(bound) ?? 0) + amount)
        return
      }
      case 'quantile':
        this.#quantiles.set(bound, this.#quantiles.has(bound) ? NaN : value)
        return
      case 'created':
    }
  }

  /** As it goes on the wire. */
  toItem(intervalSeconds: number | null, { rates, quantiles }: SlotOptions): Item {
    const rate = rates ? { rate_per_second: this.#perSecond(this.#growth, intervalSeconds) } : {}
    switch (this.shape) {
      case 'gauge':
        return { ...this.#identity(), value: wireNumber(this.#total) }
      case 'counter':
        return { ...this.#identity(), value: wireNumber(this.#total), ...rate }
      case 'gauge_histogram':
        return { ...this.#identity(), value: wireNumber(this.#total), ...this.#quantilesOfBuckets(quantiles) }
      case 'histogram':
        return { ...this.#identity(), ...this.#totals(), ...rate, ...this.#quantilesOfBuckets(quantiles) }
      case 'summary':
        return { ...this.#identity(), ...this.#totals(), ...rate, ...this.#quantilesOfPage() }
    }
  }

  #identity(): Item {
    return { metric: this.metric, ...Object.fromEntries(this.labels) }
  }

  #totals(): Item {
    return { count_total: wireNumber(this.#total), sum_total: wireNumber(this.#sum), mean: this.#mean() }
  }

  /** A sum of negative observations may shrink; only a count that shrank says that both began anew. */
  #mean(): number | null {
    const sum = this.#isReset ? this.#sumGrowth : this.#sumChange
    return this.#growth === null || this.#growth <= 0 || sum === null ? null : computedNumber(sum / this.#growth)
  }

  #quantilesOfBuckets(quantiles: readonly number[]): Item {
    const valueOf = (quantile: number): number | null => (this.isPartial ? null : computedNumber(quantileOf(quantile, this.#buckets)))
    return Object.fromEntries(quantiles.map((quantile) => [quantileField(quantile), valueOf(quantile)]))
  }

  #quantilesOfPage(): Item {
    return Object.fromEntries([...this.#quantiles].map(([quantile, value]) => [quantileField(quantile), wireNumber(value)]))
  }

  #perSecond(growth: number | null, intervalSeconds: number | null): number | null {
    return growth === null || intervalSeconds === null || intervalSeconds <= 0 ? null : computedNumber(growth / intervalSeconds)
  }
}
