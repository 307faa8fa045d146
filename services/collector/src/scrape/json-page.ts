import { ContractError } from '@nightshift/shared/errors'
import { findJson, lookUpFrom, parseJsonPath, type FoundValue, type JsonPath } from './json-path.ts'
import type { BadLines } from './page-reader.ts'
import type { SeriesBook } from './series-book.ts'
import { printSeriesText } from './series-text.ts'

export interface JsonValueConfig {
  readonly path: string
  readonly labels: Readonly<Record<string, string>>
  readonly kind: 'gauge' | 'counter'
  readonly scale: number
}

interface JsonValue {
  readonly name: string
  readonly path: JsonPath
  readonly labels: readonly (readonly [label: string, path: JsonPath])[]
  readonly kind: 'gauge' | 'counter'
  readonly scale: number
}

/** A document cannot be parsed in slices, so it is bounded by what may stop everything else for a moment. */
export const maxJsonBytes = 1024 * 1024

/** Reads the values that the configuration names out of a JSON document, into a book. */
export class JsonPage {
  readonly #values: readonly JsonValue[]

  /** Throws SyntaxError for a path that is none. */
  constructor(values: Readonly<Record<string, JsonValueConfig>>) {
    this.#values = Object.entries(values).map(([name, { path, labels, kind, scale }]) => ({
      name,
      path: parseJsonPath(path),
      labels: Object.entries(labels).map(([label, from]) => [label, parseJsonPath(from)] as const),
      kind,
      scale,
    }))
  }

  /** Throws ContractError `page_not_json`. A value that is not there, or no number, counts as a bad line. */
  read(text: string, book: SeriesBook): BadLines {
    const document = parse(text)
    const bad: BadLines = { count: 0, first: null }
    const complain = (reason: string): void => {
      bad.count++
      bad.first ??= reason
    }
    for (const value of this.#values) {
      book.declare(value.name, value.kind)
      const found = findJson(document, value.path)
      if (found.length === 0 && !value.path.steps.some(({ kind }) => kind === 'each'))
        complain(`${value.name}: the document has no such path`)
      for (const each of found) {
        const problem = addTo(book, value, each)
        if (problem !== undefined) complain(`${value.name}: ${problem}`)
      }
    }
    return bad
  }
}

function addTo(book: SeriesBook, { name, labels, scale }: JsonValue, found: FoundValue): string | undefined {
  const number = toNumber(found.value)
  const texts = labels.flatMap(([label, path]): [string, string][] => {
    const text = lookUpFrom(found, path)
    return typeof text === 'string' || typeof text === 'number' || typeof text === 'boolean' ? [[label, String(text)]] : []
  })
  const problem = book.add(printSeriesText({ name, labels: new Map(texts) }), number * scale)
  return problem ?? (Number.isNaN(number) ? `${JSON.stringify(found.value)?.slice(0, 40) ?? 'nothing'} is not a number` : undefined)
}

/** Many programs write numbers as text. */
function toNumber(value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return Number(value)
  return typeof value === 'string' && /^\s*[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\s*$/.test(value) ? Number(value) : NaN
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ContractError('page_not_json', 'the answer is not JSON; is the URL right?', { cause })
  }
}
