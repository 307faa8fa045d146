import { appendFileSync, copyFileSync, existsSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const linesPerWrite = 400
/** One line in so many is a warning, which is shipped. */
const warningEvery = 500

/** A log of JSON lines, each with a number of its own, that is rotated while it is written, as logrotate does it. */
export class RotatedLog {
  readonly path: string
  lines = 0
  warnings = 0
  bytes = 0
  /** Sum of the numbers of all lines: a line that is missing and another that is there twice do not make up for each other. */
  numbers = 0
  rotations = 0
  copies = 0

  readonly #bytesPerSecond: number

  constructor(path: string, bytesPerSecond: number) {
    this.path = path
    this.#bytesPerSecond = bytesPerSecond
    writeFileSync(path, '')
  }

  /** Writes until the log has grown by so many bytes in all its generations. */
  async grow(bytes: number): Promise<void> {
    const end = this.bytes + bytes
    let owed = performance.now()
    while (this.bytes < end) {
      let text = ''
      for (let line = 0; line < linesPerWrite; line++) text += this.#line()
      appendFileSync(this.path, text)
      this.bytes += text.length
      owed += (text.length / this.#bytesPerSecond) * 1000
      const aheadMs = owed - performance.now()
      if (aheadMs > 1) await delay(aheadMs)
    }
  }

  /** Every generation moves up by one, and the log is made anew. */
  rotate(): void {
    this.#moveUp()
    renameSync(this.path, `${this.path}.1`)
    writeFileSync(this.path, '')
    this.rotations++
  }

  /** The log is copied and emptied; nobody writes meanwhile. */
  copyTruncate(): void {
    this.#moveUp()
    copyFileSync(this.path, `${this.path}.1`)
    truncateSync(this.path)
    this.copies++
  }

  #moveUp(): void {
    let last = 1
    while (existsSync(`${this.path}.${last}`)) last++
    for (let generation = last; generation > 1; generation--) renameSync(`${this.path}.${generation - 1}`, `${this.path}.${generation}`)
  }

  #line(): string {
    const number = ++this.lines
    this.numbers += number
    const isWarning = number % warningEvery === 0
    if (isWarning) this.warnings++
    const fields = {
      time: new Date().toISOString(),
      level: isWarning ? 'warning' : 'info',
      msg: 'request completed',
      method: 'GET',
      path: `/api/v1/orders/${number % 1000}`,
      status: 200,
      duration_ms: (number % 250) + 0.5,
      bytes: number,
      client: `10.0.${number % 200}.7`,
      request_id: `req-${number}`,
      pad: 'x'.repeat(12),
    }
    return `${JSON.stringify(fields)}\n`
  }
}
