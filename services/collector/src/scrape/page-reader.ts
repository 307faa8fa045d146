import { setImmediate as breathe } from 'node:timers/promises'
import { ContractError } from '@nightshift/shared/errors'
import type { Clock } from '@nightshift/shared/clock'
import { LineSplitter, maxLineLength } from './line-splitter.ts'
import { parsePageLine } from './page-line.ts'
import type { SeriesBook } from './series-book.ts'

/** Lines of a page that say nothing we understand; the rest of the page counts all the same. */
export interface BadLines {
  count: number
  /** The first of them, for a person. */
  first: string | null
}

/** So much is taken apart at a time, and so long before others get their turn. */
const sliceBytes = 16_384
const sliceMs = 2

/** Reads one page in the text formats, piece by piece, into a book. Keeps no more of it than the line at hand. */
export class PageReader {
  readonly bad: BadLines = { count: 0, first: null }
  readonly #lines = new LineSplitter()
  readonly #book: SeriesBook
  readonly #isOpenMetrics: boolean
  readonly #clock: Clock
  #lineNumber = 0
  #hasEnded = false
  #sliceStartMs: number

  constructor(book: SeriesBook, options: { isOpenMetrics: boolean; clock: Clock }) {
    this.#book = book
    this.#isOpenMetrics = options.isOpenMetrics
    this.#clock = options.clock
    this.#sliceStartMs = options.clock.monotonicMs()
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let from = 0; from < bytes.length; from += sliceBytes) {
      this.#lines.write(bytes.subarray(from, from + sliceBytes), (line) => this.#onLine(line))
      if (this.#clock.monotonicMs() - this.#sliceStartMs < sliceMs) continue
      await breathe()
      this.#sliceStartMs = this.#clock.monotonicMs()
    }
  }

  /** Throws ContractError `page_cut` when the page should say that it is complete and does not. */
  end(): void {
    this.#lines.end((line) => this.#onLine(line))
    if (this.#isOpenMetrics && !this.#hasEnded) {
      throw new ContractError('page_cut', 'the page is cut short: it says it is OpenMetrics, but does not end with "# EOF"')
    }
  }

  #onLine(line: string | undefined): void {
    this.#lineNumber++
    if (line === undefined) return this.#complain(`it is longer than ${maxLineLength} characters`, '')
    const parsed = parsePageLine(line)
    switch (parsed.kind) {
      case 'sample': {
        const problem = this.#hasEnded ? 'it stands behind the end' : this.#book.add(parsed.series, parsed.value)
        if (problem !== undefined) this.#complain(problem, line)
        return
      }
      case 'type':
        if (!this.#book.declare(parsed.family, parsed.type)) this.#complain(`there is no type ${parsed.type.slice(0, 40)}`, line)
        return
      case 'end':
        this.#hasEnded = this.#isOpenMetrics
        return
      case 'bad':
        this.#complain(parsed.reason, line)
        return
      case 'nothing':
    }
  }

  #complain(reason: string, line: string): void {
    this.bad.count++
    this.bad.first ??= `line ${this.#lineNumber}: ${reason}${line === '' ? '' : `: ${JSON.stringify(line.slice(0, 120))}`}`
  }
}
