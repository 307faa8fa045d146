import type { Clock } from '@nightshift/shared/clock'
import { ContractError, describeError, EffectError } from '@nightshift/shared/errors'
import { comparableInterval } from '../cadence.ts'
import { explainConnectionError, explainTimeout } from '../network/connection-error.ts'
import type { ScrapeConfig } from '../config.ts'
import type { Log } from '../log.ts'
import { round } from '../sources/rates.ts'
import type { Item } from '../sources/source.ts'
import { JsonPage, maxJsonBytes } from './json-page.ts'
import { PageReader, type BadLines } from './page-reader.ts'
import { PageRequest, type Page } from './page-request.ts'
import { Ratio } from './ratio.ts'
import { Selection } from './selection.ts'
import { SeriesBook } from './series-book.ts'
import { addressOf, isLoopback } from './target-url.ts'

export interface TargetOptions {
  readonly job: string
  readonly url: URL
  /** What tells it from the other targets of the job; undefined when the job has only one URL. */
  readonly instance: string | undefined
  readonly config: ScrapeConfig
  readonly clock: Clock
  readonly log: Log
}

/** How the last scrape of a target went. `up` is null before the first one. */
export interface TargetStatus {
  readonly up: 0 | 1 | null
  readonly duration_seconds: number | null
  readonly body_bytes: number | null
  readonly series: number | null
  readonly dropped_series: number | null
  readonly bad_lines: number | null
}

const unknown: TargetStatus = { up: null, duration_seconds: null, body_bytes: null, series: null, dropped_series: null, bad_lines: null }

/** One URL of a job: fetches its page, and remembers what it said. One scrape at a time. */
export class Target {
  /** Its instance, or `host:port` where the job has no other. */
  readonly name: string
  status: TargetStatus = unknown
  /** The items of the last scrape; while it is down the same ones without values, for they cannot be read but are not gone. */
  items: Item[] = []
  readonly #options: TargetOptions
  readonly #address: string
  readonly #request: PageRequest
  readonly #book: SeriesBook
  readonly #json: JsonPage | undefined
  #last: { startMs: number; epochMs: number } | undefined
  #bodyBytes = 0
  #complaint = ''
  #lineComplaint = ''

  constructor(options: TargetOptions) {
    const { config, url, instance } = options
    this.#options = options
    this.#address = addressOf(url)
    this.name = instance ?? this.#address
    const isJson = config.format === 'json'
    const maxBytes = isJson ? Math.min(config.max_bytes, maxJsonBytes) : config.max_bytes
    this.#request = new PageRequest({ url, headers: headersOf(config, url), tls: config.tls, maxBytes })
    this.#json = isJson ? new JsonPage(config.values) : undefined
    this.#book = new SeriesBook({
      selection: new Selection(config, instance),
      ratios: Object.entries(config.ratios).map(([name, ratio]) => new Ratio(name, ratio)),
      instance,
      maxSeries: config.max_series,
      rates: config.rates,
      quantiles: config.quantiles,
    })
  }

  /** Settles when the page is read, or cannot be; never rejects. False when it could not be. */
  async scrape(signal: AbortSignal, timeoutMs: number): Promise<boolean> {
    const { clock } = this.#options
    const startMs = clock.monotonicMs()
    const epochMs = clock.now()
    this.#bodyBytes = 0
    this.#book.beginPage()
    try {
      const bad = await this.#request.fetch(signal, (page) => this.#read(page))
      const interval = comparableInterval(this.#last?.startMs, startMs, this.#options.config.every)
      const result = this.#book.finishPage(interval, this.#last?.epochMs ?? null, epochMs)
      this.#last = { startMs, epochMs }
      this.items = result.items
      this.#noteUp(result, bad, clock.monotonicMs() - startMs)
      return true
    } catch (error) {
      this.#book.abandonPage()
      if (this.status.up !== 0) this.items = this.items.map(withoutValues)
      this.status = { ...unknown, up: 0, duration_seconds: round((clock.monotonicMs() - startMs) / 1000) }
      this.#noteDown(this.#explain(error, signal, timeoutMs))
      return false
    }
  }

  close(): void {
    this.#request.close()
  }

  async #read(page: Page): Promise<BadLines> {
    if (this.#json !== undefined) return this.#json.read(await this.#text(page), this.#book)
    refuseForeign(page.contentType)
    const { clock, config } = this.#options
    const isOpenMetrics = isOpenMetricsPage(config.format, page.contentType)
    const reader = new PageReader(this.#book, { isOpenMetrics, clock })
    for await (const bytes of page.body) {
      this.#bodyBytes += bytes.length
      await reader.write(bytes)
    }
    reader.end()
    return reader.bad
  }

  async #text(page: Page): Promise<string> {
    const chunks: Buffer[] = []
    for await (const bytes of page.body) {
      this.#bodyBytes += bytes.length
      chunks.push(bytes)
    }
    return Buffer.concat(chunks).toString()
  }

  #noteUp({ series, dropped }: { series: number; dropped: number }, bad: BadLines, durationMs: number): void {
    const { job, log, config } = this.#options
    const target = this.name
    if (this.#complaint !== '') log.info({ job, target }, `${target} of scrape job ${job} answers again`)
    this.#complaint = ''
    if (dropped > 0 && (this.status.dropped_series ?? 0) === 0) {
      log.warn(
        { job, target, dropped },
        `${target} of scrape job ${job} has more than ${config.max_series} series: ${dropped} samples are left out; allow fewer, keep fewer labels, or raise max_series`,
      )
    }
    if (bad.first !== null && this.#lineComplaint === '') {
      log.warn(
        { job, target, bad_lines: bad.count },
        `${target} of scrape job ${job} says things that cannot be read; the first is ${bad.first}`,
      )
    }
    this.#lineComplaint = bad.first ?? ''
    this.status = {
      up: 1,
      duration_seconds: round(durationMs / 1000),
      body_bytes: this.#bodyBytes,
      series,
      dropped_series: dropped,
      bad_lines: bad.count,
    }
  }

  #noteDown(complaint: string): void {
    if (complaint === this.#complaint) return
    this.#complaint = complaint
    const { job, log } = this.#options
    log.warn({ job, target: this.name }, `${this.name} of scrape job ${job} cannot be scraped: ${complaint}`)
  }

  #explain(error: unknown, signal: AbortSignal, timeoutMs: number): string {
    if (signal.aborted) return explainTimeout(this.#address, timeoutMs, this.#request.isConnected)
    if (error instanceof ContractError && error.code === 'page_too_large') {
      return `${error.message}; make it smaller at its source${this.#json === undefined ? ', or raise max_bytes' : ''}`
    }
    if (error instanceof ContractError || error instanceof EffectError) return error.message
    const isPacked = error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')
    return isPacked
      ? `the page says it is packed by gzip, and is not: ${describeError(error)}`
      : explainConnectionError(error, this.#address)
  }
}

function withoutValues(item: Item): Item {
  return Object.fromEntries(Object.entries(item).map(([key, value]) => [key, typeof value === 'number' ? null : value]))
}

/** A login page or an API in place of metrics; what says nothing about itself is tried. */
function refuseForeign(contentType: string): void {
  if (contentType.startsWith('text/html'))
    throw new ContractError('page_foreign', 'the answer is a web page, not metrics; is the path right?')
  if (contentType.startsWith('application/json')) {
    throw new ContractError('page_foreign', 'the answer is JSON; set format: json and say under values what to read from it')
  }
}

/** A server that says what it sends is believed, but for `format: prometheus`, which also reads a page that lacks its end. */
function isOpenMetricsPage(format: ScrapeConfig['format'], contentType: string): boolean {
  if (format === 'prometheus' || contentType.includes('version=0.0.4')) return false
  return format === 'openmetrics' || contentType.startsWith('application/openmetrics-text')
}

function headersOf({ format, headers, basic_auth, bearer_token }: ScrapeConfig, url: URL): Record<string, string> {
  const accepted = {
    auto: 'application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    openmetrics: 'application/openmetrics-text;version=1.0.0,*/*;q=0.1',
    prometheus: 'text/plain;version=0.0.4,*/*;q=0.1',
    json: 'application/json,*/*;q=0.1',
  }
  const login = basic_auth === undefined ? undefined : Buffer.from(`${basic_auth.username}:${basic_auth.password}`).toString('base64')
  return {
    'user-agent': 'nightshift',
    accept: accepted[format],
    // On the way to this host itself there is nothing to save, and packing costs both ends.
    'accept-encoding': isLoopback(url) ? 'identity' : 'gzip',
    ...(login === undefined ? {} : { authorization: `Basic ${login}` }),
    ...(bearer_token === undefined ? {} : { authorization: `Bearer ${bearer_token}` }),
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
  }
}
