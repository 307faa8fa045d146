import type { Item } from '../sources/source.ts'
import { MetricTypes, type Role, type SampleKind } from './metric-types.ts'
import { parseNumber } from './page-line.ts'
import type { Ratio } from './ratio.ts'
import type { Selection } from './selection.ts'
import { parseSeriesText, printSeriesText, seriesName, type SeriesText } from './series-text.ts'
import { Slot, type SlotOptions } from './slot.ts'

export interface BookOptions extends SlotOptions {
  readonly selection: Selection
  readonly ratios: readonly Ratio[]
  readonly instance: string | undefined
  readonly maxSeries: number
}

/** One line of a page that is kept: its last value, and what it belongs to. */
interface Series {
  readonly slot: Slot
  readonly role: Role
  readonly bound: number
  value: number
  previous: number | undefined
  /** The page on which it was last. */
  page: number
}

/** What finishing a page gives. */
export interface PageResult {
  readonly items: Item[]
  readonly series: number
  /** Samples that were left out because there were too many series. */
  readonly dropped: number
}

/** A histogram has about 15 samples, so this many per series is room enough. */
const samplesPerSeries = 20
/** Texts of series that are not wanted, so that they need not be taken apart on each page. */
const maxRemembered = 20_000
/** How far the clock of a target may be ahead of ours. */
const clockSkewSeconds = 5

/**
 * The series of one target from page to page. Known series are found by the text they are written with, so that only new ones are taken
 * apart. Bounded: what is known keeps its place, what is new beyond the bound is counted and left out.
 */
export class SeriesBook {
  readonly types = new MetricTypes()
  readonly #options: BookOptions
  readonly #series = new Map<string, Series>()
  readonly #slots = new Map<string, Slot>()
  /** Texts of series that no rule lets through, and of those that are not well written, with the reason. */
  readonly #refused = new Map<string, string>()
  #page = 0
  #dropped = 0

  constructor(options: BookOptions) {
    this.#options = options
  }

  beginPage(): void {
    if (this.#refused.size >= maxRemembered) this.#refused.clear()
    this.#page++
    this.#dropped = 0
  }

  /** A type is declared; false when there is no such type. */
  declare(family: string, type: string): boolean {
    const answer = this.types.declare(family, type)
    if (answer === 'changed') this.#forgetAll()
    return answer !== 'bad'
  }

  /** Takes one sample; says what is wrong with it, or undefined when nothing is. */
  add(text: string, value: number): string | undefined {
    const series = this.#series.get(text)
    if (series !== undefined) {
      if (series.page === this.#page) return 'the series stands there twice'
      series.previous = series.page === this.#page - 1 ? series.value : undefined
      series.value = value
      series.page = this.#page
      return undefined
    }
    const refusal = this.#refused.get(text)
    if (refusal !== undefined) return refusal === '' ? undefined : refusal
    return this.#admit(text, value)
  }

  /** The page is complete. `intervalSeconds` is the time since the last complete one, null when the two cannot be compared. */
  finishPage(intervalSeconds: number | null, sinceEpochMs: number | null, epochMs: number): PageResult {
    for (const slot of this.#slots.values()) slot.clear()
    const began = this.#begunSince(sinceEpochMs, epochMs)
    for (const [text, series] of this.#series) {
      if (series.page !== this.#page) this.#forget(text, series)
      else {
        const isReset = began.has(series.slot)
        // A counter that is known to have begun since the last page grew from nothing.
        const previous = intervalSeconds === null ? undefined : (series.previous ?? (isReset ? 0 : undefined))
        series.slot.add({ role: series.role, bound: series.bound, value: series.value, previous }, isReset)
      }
    }
    const { ratios, instance } = this.#options
    const items = [...this.#slots.values()].map((slot) => slot.toItem(intervalSeconds, this.#options))
    for (const ratio of ratios) items.push(ratio.toItem(this.#slots.values(), instance))
    return { items, series: items.length, dropped: this.#dropped }
  }

  /** The page broke off: what it said counts for nothing, and nothing is gone. */
  abandonPage(): void {
    for (const [text, series] of this.#series) {
      if (series.page !== this.#page) continue
      if (series.previous === undefined) this.#forget(text, series)
      else series.value = series.previous
      series.page--
    }
    this.#page--
  }

  #admit(text: string, value: number): string | undefined {
    const { selection, maxSeries } = this.#options
    const name = seriesName(text)
    const kind = this.types.kindOf(name)
    if (!selection.admits(kind.metric, name)) return this.#refuse(text, '')
    const isAlone = selection.keepsLabels && (kind.role === 'gauge' || kind.role === 'counter')
    if (isAlone && this.#slots.size >= maxSeries) {
      this.#dropped++
      return undefined
    }
    const parsed = parseSeriesText(text)
    if (typeof parsed === 'string') return this.#refuse(text, parsed)
    const bound = boundOf(kind, parsed.labels)
    if (bound === undefined) return this.#refuse(text, `its ${kind.role === 'bucket' ? 'le' : 'quantile'} is not a number`)
    const labels = new Map(parsed.labels)
    if (kind.role === 'bucket') labels.delete('le')
    if (kind.role === 'quantile') labels.delete('quantile')
    const selected = selection.apply({ name: kind.metric, labels })
    if (selected === undefined) return this.#refuse(text, '')
    const key = printSeriesText({ ...selected, labels: sorted(selected.labels) })
    let slot = this.#slots.get(key)
    if (slot === undefined && kind.role === 'created') return undefined
    if (this.#series.size >= maxSeries * samplesPerSeries || (slot === undefined && this.#slots.size >= maxSeries)) {
      if (slot !== undefined) slot.isPartial = true
      this.#dropped++
      return undefined
    }
    if (slot === undefined) {
      slot = newSlot(key, selected, kind)
      this.#slots.set(slot.key, slot)
    } else if (slot.shape !== kind.shape) {
      return this.#refuse(text, `${selected.name} with the same labels is a ${slot.shape} already`)
    }
    slot.members++
    this.#series.set(detached(text), { slot, role: kind.role, bound, value, previous: undefined, page: this.#page })
    return undefined
  }

  #refuse(text: string, reason: string): string | undefined {
    if (this.#refused.size < maxRemembered) this.#refused.set(detached(text), reason)
    return reason === '' ? undefined : reason
  }

  /** Slots all of whose counters say that they began after the last page. */
  #begunSince(sinceEpochMs: number | null, epochMs: number): ReadonlySet<Slot> {
    const began = new Set<Slot>()
    const older = new Set<Slot>()
    for (const { role, slot, value, page } of this.#series.values()) {
      if (role !== 'created' || page !== this.#page || sinceEpochMs === null) continue
      const isNew = value * 1000 > sinceEpochMs && value <= epochMs / 1000 + clockSkewSeconds
      if (isNew) began.add(slot)
      else older.add(slot)
    }
    return began.difference(older)
  }

  #forget(text: string, series: Series): void {
    this.#series.delete(text)
    if (--series.slot.members === 0) this.#slots.delete(series.slot.key)
  }

  #forgetAll(): void {
    this.#series.clear()
    this.#slots.clear()
    this.#refused.clear()
  }
}

function boundOf({ role }: SampleKind, labels: ReadonlyMap<string, string>): number | undefined {
  if (role !== 'bucket' && role !== 'quantile') return 0
  const bound = parseNumber(labels.get(role === 'bucket' ? 'le' : 'quantile') ?? '')
  return bound === undefined || Number.isNaN(bound) ? undefined : bound
}

function sorted(labels: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...labels].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function newSlot(key: string, { name, labels }: SeriesText, { shape }: SampleKind): Slot {
  return new Slot(detached(key), detached(name), new Map([...labels].map(([label, value]) => [detached(label), detached(value)])), shape)
}

/** A copy: a piece of a text keeps all of that text, here up to 64 KB, in memory. */
function detached(text: string): string {
  return Buffer.from(text).toString()
}
