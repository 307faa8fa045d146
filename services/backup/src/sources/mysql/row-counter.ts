const quote = 0x27
const backslash = 0x5c
const openBracket = 0x28
const semicolon = 0x3b
const newline = 0x0a

/** The beginning of a line by which it is known what it is; names have at most 64 characters, in backquotes. */
const maxHeadBytes = 64 * 1024

/**
 * Counts the rows in what mysqldump prints, while it is printed: what counts of the server would say is another moment. In a line of rows
 * every bracket outside a text begins a row.
 */
export class RowCounter {
  readonly rows = new Map<string, number>()
  /** Undefined between statements of rows. */
  #table: string | undefined
  #isInText = false
  #isEscaped = false
  #head: Buffer = Buffer.alloc(0)
  /** The rest of this line is of no interest. */
  #isSkipping = false

  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) at = this.#table === undefined ? this.#readLine(chunk, at) : this.#readRows(chunk, at, this.#table)
  }

  #readLine(chunk: Buffer, from: number): number {
    const end = chunk.indexOf(newline, from)
    const lineEnd = end === -1 ? chunk.length : end
    if (!this.#isSkipping) {
      this.#head = this.#head.length === 0 ? chunk.subarray(from, lineEnd) : Buffer.concat([this.#head, chunk.subarray(from, lineEnd)])
      const insert = this.#rowsBegin()
      if (insert !== undefined) {
        // The head may have begun in an earlier chunk.
        const next = lineEnd - (this.#head.length - insert)
        this.#head = Buffer.alloc(0)
        return next
      }
      if (!couldBeRows(this.#head) && !couldBeTable(this.#head)) this.#isSkipping = true
    }
    if (end === -1) {
      if (this.#isSkipping || this.#head.length > maxHeadBytes) {
        this.#isSkipping = true
        this.#head = Buffer.alloc(0)
      } else this.#head = Buffer.from(this.#head)
      return chunk.length
    }
    const table = /^-- Table structure for table `((?:[^`]|``)+)`/.exec(this.#head.toString('utf8'))?.[1]
    if (table !== undefined && !this.#isSkipping) this.#count(unquoted(table), 0)
    this.#head = Buffer.alloc(0)
    this.#isSkipping = false
    return lineEnd + 1
  }

  /** Where in the head the rows begin. */
  #rowsBegin(): number | undefined {
    if (!couldBeRows(this.#head)) return undefined
    const found = /^(?:INSERT(?: IGNORE)?|REPLACE) +INTO `((?:[^`]|``)+)` (?:\((?:`(?:[^`]|``)+`(?:, ?)?)+\) )?VALUES ?/.exec(
      this.#head.toString('latin1'),
    )
    if (found === null) return undefined
    this.#table = unquoted(Buffer.from(found[1] ?? '', 'latin1').toString('utf8'))
    return found[0].length
  }

  #readRows(chunk: Buffer, from: number, table: string): number {
    let rows = 0
    let at = from
    while (at < chunk.length) {
      if (this.#isInText) {
        at = this.#readText(chunk, at)
        continue
      }
      const byte = chunk[at]
      if (byte === quote) this.#isInText = true
      else if (byte === openBracket) rows++
      else if (byte === semicolon) {
        this.#table = undefined
        this.#isSkipping = true
        break
      }
      at++
    }
    this.#count(table, rows)
    return at
  }

  /** To behind the quote that ends the text, or to the end of the chunk. */
  #readText(chunk: Buffer, from: number): number {
    const start = this.#isEscaped ? from + 1 : from
    this.#isEscaped = false
    for (let at = start; ;) {
      const found = chunk.indexOf(quote, at)
      const end = found === -1 ? chunk.length : found
      const isEscaped = backslashesBefore(chunk, end, start) % 2 === 1
      if (found === -1) {
        this.#isEscaped = isEscaped
        return chunk.length
      }
      if (!isEscaped) {
        this.#isInText = false
        return found + 1
      }
      at = found + 1
    }
  }

  #count(table: string, rows: number): void {
    this.rows.set(table, (this.rows.get(table) ?? 0) + rows)
  }
}

/** Those right before `end`, and not before `start`. */
function backslashesBefore(chunk: Buffer, end: number, start: number): number {
  let at = end
  while (at > start && chunk[at - 1] === backslash) at--
  return end - at
}

function couldBeRows(head: Buffer): boolean {
  const text = head.subarray(0, 7).toString('latin1')
  return 'INSERT '.startsWith(text) || 'REPLACE'.startsWith(text)
}

function couldBeTable(head: Buffer): boolean {
  const mark = '-- Table structure'
  return mark.startsWith(head.subarray(0, mark.length).toString('latin1'))
}

function unquoted(name: string): string {
  return name.replaceAll('``', '`')
}
