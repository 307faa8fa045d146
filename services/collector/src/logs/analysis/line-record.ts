import { unknownLevel } from './level.ts'

/** Texts of a record, by number: an index into its spans. */
export const texts = {
  message: 0,
  method: 1,
  path: 2,
  client: 3,
  request_id: 4,
  logger: 5,
  error_type: 6,
  stack: 7,
  user: 8,
} as const
export type TextField = keyof typeof texts
const textCount = Object.keys(texts).length
/** The longest line is 64 KiB; each text of it stands in there at most once, and a decoded one is never longer. */
const asideBytes = 256 * 1024

/**
 * What one line says, used again for each line. A text is a piece of the buffer of the line, and only becomes a string where somebody
 * needs it: most lines are counted, never read. Valid until the next line.
 */
export class LineRecord {
  level = unknownLevel
  /** NaN when the line does not say. */
  timeMs = Number.NaN
  /** 0 when the line is no request. */
  status = 0
  /** NaN when the line does not say. */
  seconds = Number.NaN
  responseBytes = 0
  /** A line of an access log: its message is the request itself. */
  isAccess = false
  #bytes: Buffer = Buffer.alloc(0)
  readonly #from = new Int32Array(textCount)
  readonly #to = new Int32Array(textCount)
  /** 0 absent, 1 as it stands, 2 as JSON with escapes, 3 in `#aside`. */
  readonly #kind = new Uint8Array(textCount)
  readonly #aside = Buffer.alloc(asideBytes)
  #asideUsed = 0

  begin(bytes: Buffer): void {
    this.level = unknownLevel
    this.timeMs = Number.NaN
    this.status = 0
    this.seconds = Number.NaN
    this.responseBytes = 0
    this.isAccess = false
    this.#bytes = bytes
    this.#kind.fill(0)
    this.#asideUsed = 0
  }

  /** A piece of the line. `isEscaped`: it stands between the quotes of a JSON string and has escapes. */
  setSpan(field: number, from: number, to: number, isEscaped = false): void {
    this.#kind[field] = isEscaped ? 2 : 1
    this.#from[field] = from
    this.#to[field] = to
  }

  setText(field: number, text: string): void {
    const from = this.#asideUsed
    this.#asideUsed += this.#aside.write(text, from)
    this.#kind[field] = 3
    this.#from[field] = from
    this.#to[field] = this.#asideUsed
  }

  has(field: number): boolean {
    return this.#kind[field] !== 0
  }

  bufferOf(field: number): Buffer {
    if (this.#kind[field] === 2) this.#decode(field)
    return this.#kind[field] === 3 ? this.#aside : this.#bytes
  }

  /** Only after `bufferOf`, which decodes what has escapes. */
  from(field: number): number {
    return this.#from[field] as number
  }

  to(field: number): number {
    return this.#to[field] as number
  }

  /** The text, at most `maxBytes` of it; undefined when the line has none. */
  text(field: number, maxBytes: number): string | undefined {
    if (this.#kind[field] === 0) return undefined
    const buffer = this.bufferOf(field)
    const from = this.from(field)
    return buffer.toString('utf8', from, Math.min(this.to(field), from + maxBytes))
  }

  #decode(field: number): void {
    const json = this.#bytes.toString('utf8', this.from(field) - 1, this.to(field) + 1)
    this.setText(field, JSON.parse(json) as string)
  }
}
