/** Longer than any line an exporter writes; what is longer is skipped to its end. */
export const maxLineLength = 65_536

/** Bytes that arrive in pieces as lines of text. Holds at most one unfinished line, and that is bounded. */
export class LineSplitter {
  readonly #decoder = new TextDecoder()
  #rest = ''
  #isSkipping = false

  /** Calls for each line that ends in these bytes; with undefined for one that is too long. */
  write(bytes: Uint8Array, onLine: (line: string | undefined) => void): void {
    this.#take(this.#decoder.decode(bytes, { stream: true }), onLine)
  }

  /** The last line may lack its line break. */
  end(onLine: (line: string | undefined) => void): void {
    this.#take(this.#decoder.decode(), onLine)
    if (this.#rest !== '' || this.#isSkipping) this.#emit(this.#rest, onLine)
    this.#rest = ''
  }

  #take(text: string, onLine: (line: string | undefined) => void): void {
    let from = 0
    for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
      this.#emit(this.#rest + text.slice(from, to), onLine)
      this.#rest = ''
      from = to + 1
    }
    this.#rest += text.slice(from)
    if (this.#rest.length > maxLineLength) {
      this.#isSkipping = true
      this.#rest = ''
    }
  }

  #emit(line: string, onLine: (line: string | undefined) => void): void {
    const isTooLong = this.#isSkipping || line.length > maxLineLength
    this.#isSkipping = false
    onLine(isTooLong ? undefined : line.endsWith('\r') ? line.slice(0, -1) : line)
  }
}
