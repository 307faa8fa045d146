import type { LineRecord } from '../line-record.ts'
import { RecordFiller } from '../record-filler.ts'
import type { WantedName } from './json-names.ts'
import { isEscapedText, isNumber, JsonScanner } from './json-scanner.ts'
import { KeyTree } from './key-tree.ts'

/** Fills a record from one JSON object. */
export class JsonLine {
  readonly #tree: KeyTree
  readonly #scanner: JsonScanner
  readonly #filler: RecordFiller

  constructor(names: readonly WantedName[]) {
    this.#tree = new KeyTree(names.map(({ name }) => name))
    this.#scanner = new JsonScanner(this.#tree)
    this.#filler = new RecordFiller(names)
  }

  /** False when the line is no JSON object. */
  fill(bytes: Buffer, start: number, end: number, record: LineRecord): boolean {
    const scanner = this.#scanner
    const verdict = scanner.scan(bytes, start, end)
    if (verdict === 'invalid') return false
    this.#filler.begin()
    if (verdict === 'unsure') return this.#fillSlowly(bytes.toString('utf8', start, end), record)
    for (let hit = 0; hit < scanner.hits; hit++) {
      const place = this.#tree.nameOf(scanner.leaf[hit] as number)
      const kind = scanner.kind[hit]
      this.#filler.take(
        place,
        bytes,
        scanner.from[hit] as number,
        scanner.to[hit] as number,
        kind === isNumber,
        kind === isEscapedText,
        record,
      )
    }
    return true
  }

  /** The same by JSON.parse, for what the scanner left to it. */
  #fillSlowly(text: string, record: LineRecord): boolean {
    const parsed = parseObject(text)
    if (parsed === undefined) return false
    for (const [leaf, way] of this.#tree.ways.entries()) {
      const value = follow(parsed, way)
      if (typeof value !== 'string' && typeof value !== 'number') continue
      this.#filler.takeText(this.#tree.nameOf(leaf), String(value), typeof value === 'number', record)
    }
    return true
  }
}

/** The object that a text is, or undefined. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? (parsed as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** The value at the end of a way of own keys. */
function follow(object: Record<string, unknown>, way: readonly string[]): unknown {
  let value: unknown = object
  for (const key of way) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}
