import type { MetricEvent } from '@nightshift/shared/events/metric'
import type { Host } from '@nightshift/shared/subjects'
import type { RuleBook } from '../rules/compile.ts'
import type { MetricRule } from '../rules/rule.ts'
import { standingsOf, type Standings } from '../rules/standing.ts'
import type { BaselineBook } from './baseline/baseline-book.ts'
import { readingsOf, type MetricReading } from './readings.ts'
import { judgeRun } from './window/run.ts'
import { SeriesStore, type HostSeries, type Series } from './window/series-store.ts'
import { windowValue } from './window/window-value.ts'

/** What a rule makes of one series of a message. */
export interface Judged {
  readonly key: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number | null
  /** undefined: nobody can say, so everything holds. */
  readonly standings: Standings | undefined
  /** What else a person needs to know to understand it. */
  readonly detail: string | null
}

/** What is divided by must not be older than this, event time; it may come in another message than what is divided. */
const divisorKeptMs = 300_000

/** From the series of a message to where they stand: looks back on windows, divides, adds up, counts. Keeps what it looks back on. */
export class Valuation {
  readonly store = new SeriesStore()
  readonly #baselines: BaselineBook

  constructor(baselines: BaselineBook) {
    this.#baselines = baselines
  }

  /** Takes in what other rules divide by. Comes before `judge` for the same message. */
  note(rule: MetricRule, host: Host, event: MetricEvent, atMs: number): void {
    const readings = rule.per === null ? undefined : readingsOf(rule.per, event)
    if (readings === undefined) return
    const kept = this.store.host(rule, host, atMs)
    const whole = kept.divisorSums === undefined ? readings : kept.divisorSums.take(event, atMs, readings)
    for (const { key, value } of whole ?? []) if (value !== null) this.store.push(rule, kept.divisors, key, atMs, value)
  }

  /** undefined: the message says nothing about what the rule reads, not even that it is gone. */
  judge(rule: MetricRule, host: Host, event: MetricEvent, atMs: number): Judged[] | undefined {
    const readings = readingsOf(rule, event)
    if (readings === undefined) return undefined
    if (isPlain(rule)) {
      return readings.map(({ key, labels, value }) => ({ key, labels, value, standings: standingsIn(rule, value), detail: null }))
    }
    const kept = this.store.host(rule, host, atMs)
    const whole = kept.sums === undefined ? readings : kept.sums.take(event, atMs, readings)
    return whole?.map((reading) => this.#judge(rule, host, kept, reading, atMs))
  }

  /** Only takes samples in, as of the past. */
  remember(rules: RuleBook, host: Host, event: MetricEvent, atMs: number): void {
    for (const rule of rules.dividingBy(event.group, host)) if (rule.window !== null) this.note(rule, host, event, atMs)
    for (const rule of rules.forGroup(event.group, host)) {
      const readings = rule.window === null ? undefined : readingsOf(rule, event)
      if (readings === undefined) continue
      const kept = this.store.host(rule, host, atMs)
      const whole = kept.sums === undefined ? readings : kept.sums.take(event, atMs, readings)
      for (const { key, value } of whole ?? []) if (value !== null) this.store.push(rule, kept.judged, key, atMs, value)
    }
  }

  #judge(rule: MetricRule, host: Host, kept: HostSeries, reading: MetricReading, atMs: number): Judged {
    const { key, labels } = reading
    const nothing: Judged = { key, labels, value: null, standings: undefined, detail: null }
    if (reading.value === null) return nothing
    const series = this.store.push(rule, kept.judged, key, atMs, reading.value)
    const value = series === undefined ? undefined : this.#valueOf(rule, kept, key, series, atMs)
    if (series === undefined || value === undefined || !Number.isFinite(value)) return nothing
    const { standings, detail } =
      rule.baseline === null
        ? { standings: standingsOf(rule, value), detail: null }
        : (this.#baselines.judge({ rule, terms: rule.baseline, host, key, atMs }, value) ?? {})
    if (standings === undefined) return nothing
    const judged =
      rule.run === null || series.history === undefined ? standings : judgeRun(series.history, rule.levels, rule.run, standings)
    return { key, labels, value, standings: judged, detail: detail ?? null }
  }

  #valueOf(rule: MetricRule, kept: HostSeries, key: string, series: Series, atMs: number): number | undefined {
    const above = takenOf(rule, series)
    if (rule.per === null || above === undefined) return above
    const divisor = kept.divisors.get(key) ?? kept.divisors.get('')
    if (divisor === undefined || atMs - divisor.lastMs > divisorKeptMs) return undefined
    const below = takenOf(rule, divisor)
    return below === undefined || below === 0 ? undefined : above / below
  }
}

function takenOf(rule: MetricRule, { window, value }: Series): number | undefined {
  if (rule.window === null || window === undefined) return value
  return window.isFull ? windowValue(window, rule.window) : undefined
}

function isPlain({ window, per, by, run, baseline }: MetricRule): boolean {
  return window === null && per === null && by === null && run === null && baseline === null
}

function standingsIn(rule: MetricRule, value: number | null): Standings | undefined {
  return value === null ? undefined : standingsOf(rule, value)
}
