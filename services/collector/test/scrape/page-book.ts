import { JsonPage, type JsonValueConfig } from '../../src/scrape/json-page.ts'
import { PageReader, type BadLines } from '../../src/scrape/page-reader.ts'
import { Ratio, type RatioConfig } from '../../src/scrape/ratio.ts'
import { Selection, type SelectionConfig } from '../../src/scrape/selection.ts'
import { SeriesBook, type PageResult } from '../../src/scrape/series-book.ts'
import { TurnedClock } from '../turned-clock.ts'

export interface PageOptions extends Partial<SelectionConfig> {
  rates?: boolean
  quantiles?: readonly number[]
  maxSeries?: number
  ratios?: Record<string, RatioConfig>
  instance?: string
  isOpenMetrics?: boolean
}

/** Reads pages one after the other, 10 s apart, as a target does, but without a network. */
export class PageBook {
  readonly book: SeriesBook
  readonly #isOpenMetrics: boolean
  #pages = 0

  constructor({
    rates = true,
    quantiles = [0.5, 0.95],
    maxSeries = 1000,
    ratios = {},
    instance,
    isOpenMetrics = false,
    ...rules
  }: PageOptions = {}) {
    this.#isOpenMetrics = isOpenMetrics
    this.book = new SeriesBook({
      selection: new Selection({ deny: [], relabel: [], ...rules }, instance),
      ratios: Object.entries(ratios).map(([name, ratio]) => new Ratio(name, ratio)),
      instance,
      maxSeries,
      rates,
      quantiles,
    })
  }

  /** `chunkBytes` cuts the page as a network might. */
  async read(page: string | Uint8Array, chunkBytes = Infinity): Promise<PageResult & { bad: BadLines }> {
    this.book.beginPage()
    const reader = new PageReader(this.book, { isOpenMetrics: this.#isOpenMetrics, clock: new TurnedClock() })
    const bytes = typeof page === 'string' ? Buffer.from(page) : page
    for (let at = 0; at < bytes.length; at += chunkBytes) await reader.write(bytes.subarray(at, at + chunkBytes))
    reader.end()
    return { ...this.#finish(), bad: reader.bad }
  }

  readJson(text: string, values: Record<string, Partial<JsonValueConfig> & { path: string }>): PageResult & { bad: BadLines } {
    const filled = Object.entries(values).map(
      ([name, value]) => [name, { labels: {}, kind: 'gauge' as const, scale: 1, ...value }] as const,
    )
    this.book.beginPage()
    const bad = new JsonPage(Object.fromEntries(filled)).read(text, this.book)
    return { ...this.#finish(), bad }
  }

  #finish(): PageResult {
    const epochMs = 1_700_000_000_000 + this.#pages * 10_000
    return this.book.finishPage(this.#pages++ === 0 ? null : 10, this.#pages === 1 ? null : epochMs - 10_000, epochMs)
  }
}
