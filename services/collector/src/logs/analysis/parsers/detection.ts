import type { LogAnalysisConfig } from '../../../config/log-analysis.ts'
import type { LineRecord } from '../line-record.ts'
import type { LineParser, ParserDefinition } from './parser.ts'
import { plainParser } from './python.ts'
import { parserDefinitions } from './registry.ts'

/** Lines that are looked at before the format is settled. */
const sampleLines = 20
/** Of lines that the settled format did not understand, one after the other: then it is looked for anew. */
const maxStrangers = 200

interface OpenParser {
  readonly definition: ParserDefinition
  readonly parser: LineParser
}

/** The parsers that a config asks for, opened once for all origins of a log. */
export interface OpenParsers {
  readonly plain: OpenParser
  /** Undefined: it is looked for among the candidates. */
  readonly chosen: OpenParser | undefined
  readonly candidates: readonly OpenParser[]
}

export function openParsers(config: LogAnalysisConfig): OpenParsers {
  const open = (definition: ParserDefinition): OpenParser => ({ definition, parser: definition.open(config) })
  const plain = open(plainParser)
  if (config.format === 'auto')
    return { plain, chosen: undefined, candidates: parserDefinitions.filter(({ isDetected }) => isDetected).map(open) }
  const definition = parserDefinitions.find(({ format }) => format === config.format)
  return { plain, chosen: definition === undefined ? plain : open(definition), candidates: [] }
}

/** Finds the format by trying, and then keeps to it. The first line that fits counts already: nothing waits for the decision. */
export class Detection {
  readonly #candidates: readonly OpenParser[]
  readonly #matches: number[]
  readonly #plain: OpenParser
  #settled: OpenParser | undefined
  #last: OpenParser
  #seen = 0
  #strangers = 0

  constructor(parsers: OpenParsers) {
    this.#plain = parsers.plain
    this.#last = parsers.plain
    this.#settled = parsers.chosen
    this.#candidates = parsers.candidates
    this.#matches = parsers.candidates.map(() => 0)
  }

  /** What understood the last line. */
  get parser(): LineParser {
    return this.#last.parser
  }

  get tellsLogins(): boolean {
    return (this.#settled ?? this.#last).definition.tellsLogins
  }

  /** False when the line is not of the format; it then went through as plain text. */
  fill(bytes: Buffer, start: number, end: number, record: LineRecord, receivedMs: number): boolean {
    record.begin(bytes)
    const found =
      this.#settled === undefined
        ? this.#look(bytes, start, end, record, receivedMs)
        : this.#ask(this.#settled, bytes, start, end, record, receivedMs)
    if (found) return true
    record.begin(bytes)
    this.#last = this.#plain
    this.#plain.parser.fill(bytes, start, end, record, receivedMs)
    return false
  }

  #ask(settled: OpenParser, bytes: Buffer, start: number, end: number, record: LineRecord, receivedMs: number): boolean {
    this.#last = settled
    const found = settled.parser.fill(bytes, start, end, record, receivedMs)
    if (found && settled !== this.#plain) this.#strangers = 0
    else if (++this.#strangers > maxStrangers && this.#candidates.length > 0) this.#forget()
    return found
  }

  #look(bytes: Buffer, start: number, end: number, record: LineRecord, receivedMs: number): boolean {
    this.#seen++
    const index = this.#candidates.findIndex(({ parser }) => {
      record.begin(bytes)
      return parser.fill(bytes, start, end, record, receivedMs)
    })
    const found = this.#candidates[index]
    if (found !== undefined) {
      this.#matches[index] = (this.#matches[index] ?? 0) + 1
      this.#last = found
    }
    if (this.#seen >= sampleLines) this.#settle()
    return found !== undefined
  }

  /** The format of most lines; plain text when hardly any was understood. */
  #settle(): void {
    const most = Math.max(...this.#matches)
    this.#settled = most * 4 >= this.#seen ? this.#candidates[this.#matches.indexOf(most)] : this.#plain
  }

  #forget(): void {
    this.#settled = undefined
    this.#seen = 0
    this.#strangers = 0
    this.#matches.fill(0)
  }
}
