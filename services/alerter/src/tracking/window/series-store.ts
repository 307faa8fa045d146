import type { Host } from '@nightshift/shared/subjects'
import type { MetricRule } from '../../rules/rule.ts'
import { readsCounter } from '../../rules/take.ts'
import { LabelSums } from './label-sums.ts'
import { emptyHistory, type RunHistory } from './run.ts'
import { SampleWindow } from './sample-window.ts'

/** What a rule keeps of one series. */
export interface Series {
  /** undefined for rules that judge each sample by itself. */
  window: SampleWindow | undefined
  /** The last sample, of what is divided by. */
  value: number
  lastMs: number
  readonly history: RunHistory | undefined
}

const noSeries = new Map<string, Series>()

/** What a rule keeps of one host: the series it judges, and those it divides by. */
export class HostSeries {
  readonly judged = new Map<string, Series>()
  /** Empty for rules that do not divide. */
  readonly divisors: Map<string, Series>
  readonly sums: LabelSums | undefined
  readonly divisorSums: LabelSums | undefined
  sweptMs: number

  constructor(rule: MetricRule, atMs: number) {
    const isCounter = rule.window !== null && readsCounter(rule.window.take)
    this.divisors = rule.per === null ? noSeries : new Map()
    this.sums = rule.by === null ? undefined : new LabelSums(rule.by, isCounter)
    this.divisorSums = rule.by === null || rule.per === null ? undefined : new LabelSums(rule.by, isCounter)
    this.sweptMs = atMs
  }
}

/** A rule with what it keeps. */
interface RuleSeries {
  readonly rule: MetricRule
  readonly hosts: Map<Host, HostSeries>
}

const maxSeries = 300_000
const maxBytes = 256 * 1024 * 1024
/** What was not seen for so long, and is in no window any more, is forgotten. */
const leastKeptMs = 600_000

/** The samples that rules look back on. Bounded: what does not fit is counted, and is not judged. */
export class SeriesStore {
  readonly #rules = new Map<string, RuleSeries>()
  #series = 0
  #bytes = 0
  overflowTotal = 0

  get size(): number {
    return this.#series
  }

  get bytes(): number {
    return this.#bytes
  }

  host(rule: MetricRule, host: Host, atMs: number): HostSeries {
    let known = this.#rules.get(rule.name)
    if (known === undefined || known.rule.recipe !== rule.recipe) {
      this.drop(rule.name)
      known = { rule, hosts: new Map() }
      this.#rules.set(rule.name, known)
    }
    let series = known.hosts.get(host)
    if (series === undefined) {
      series = new HostSeries(rule, atMs)
      known.hosts.set(host, series)
    } else {
      this.#sweep(rule, series, atMs)
    }
    return series
  }

  /** Takes a sample in. undefined: there is no room, or it is older than what is known. */
  push(rule: MetricRule, kept: Map<string, Series>, key: string, atMs: number, value: number): Series | undefined {
    let series = kept.get(key)
    if (series === undefined) {
      if (this.#series >= maxSeries || this.#bytes >= maxBytes) {
        this.overflowTotal++
        return undefined
      }
      const window = rule.window === null ? undefined : new SampleWindow(rule.window)
      series = { window, value, lastMs: Number.NaN, history: rule.run === null ? undefined : emptyHistory(rule.levels) }
      kept.set(key, series)
      this.#series++
      this.#bytes += window?.bytes ?? 0
    }
    const { window } = series
    if (window === undefined && series.history !== undefined && atMs === series.lastMs) return undefined
    if (window !== undefined) {
      const before = window.bytes
      if (!window.push(atMs, value)) return undefined
      this.#bytes += window.bytes - before
    }
    series.value = value
    series.lastMs = atMs
    return series
  }

  /** What came before: the windows of another store, read from the stream, go before those of this one. */
  putBefore(past: SeriesStore): void {
    for (const [name, { rule, hosts }] of past.#rules) {
      const known = this.#rules.get(name)
      if (known !== undefined && known.rule.recipe !== rule.recipe) continue
      for (const [host, series] of hosts) {
        const present = this.host(known?.rule ?? rule, host, series.sweptMs)
        this.#putBefore(rule, present.judged, series.judged)
        this.#putBefore(rule, present.divisors, series.divisors)
      }
    }
  }

  /** Forgets rules that are no more. */
  keepOnly(rules: ReadonlySet<string>): void {
    for (const name of this.#rules.keys()) if (!rules.has(name)) this.drop(name)
  }

  drop(name: string): void {
    for (const host of this.#rules.get(name)?.hosts.keys() ?? []) this.#dropHost(name, host)
    this.#rules.delete(name)
  }

  dropHost(host: Host): void {
    for (const name of this.#rules.keys()) this.#dropHost(name, host)
  }

  /** Whether a rule looks back on all of its window for a series; what it never saw it does not. */
  isFull(rule: string, host: Host, key: string): boolean {
    return this.#rules.get(rule)?.hosts.get(host)?.judged.get(key)?.window?.isFull === true
  }

  #putBefore(rule: MetricRule, present: Map<string, Series>, past: Map<string, Series>): void {
    for (const [key, older] of past) {
      const newer = present.get(key)
      if (older.window === undefined || older.window.size === 0) continue
      if (newer === undefined) {
        this.#admit(present, key, { ...older, history: rule.run === null ? undefined : emptyHistory(rule.levels) })
      } else if (newer.window !== undefined) {
        const whole = older.window.continuedBy(newer.window)
        this.#bytes += whole.bytes - newer.window.bytes
        newer.window = whole
      }
    }
  }

  #admit(kept: Map<string, Series>, key: string, series: Series): void {
    if (this.#series >= maxSeries || this.#bytes >= maxBytes) {
      this.overflowTotal++
      return
    }
    kept.set(key, series)
    this.#series++
    this.#bytes += series.window?.bytes ?? 0
  }

  #sweep(rule: MetricRule, series: HostSeries, atMs: number): void {
    const keptMs = Math.max(leastKeptMs, 2 * (rule.window?.overMs ?? 0))
    if (!(atMs - series.sweptMs > keptMs)) return
    series.sweptMs = atMs
    for (const kept of [series.judged, series.divisors]) {
      for (const [key, { lastMs }] of kept) if (lastMs < atMs - keptMs) this.#remove(kept, key)
    }
    series.sums?.sweep(atMs - keptMs)
    series.divisorSums?.sweep(atMs - keptMs)
  }

  #dropHost(name: string, host: Host): void {
    const hosts = this.#rules.get(name)?.hosts
    const series = hosts?.get(host)
    if (hosts === undefined || series === undefined) return
    for (const kept of [series.judged, series.divisors]) for (const key of kept.keys()) this.#remove(kept, key)
    hosts.delete(host)
  }

  #remove(kept: Map<string, Series>, key: string): void {
    this.#bytes -= kept.get(key)?.window?.bytes ?? 0
    if (kept.delete(key)) this.#series--
  }
}
