import type { Log } from '../log.ts'
import { RotatingFile, type RotatingFileOptions } from './rotating-file.ts'

/** Lines are gathered for so long, so that a write is worth its cost. */
const gatherMs = 1000
/** Lines that wait for a disk that is slow or full; of more, the newest are not taken. */
const maxWaitingBytes = 1024 * 1024
const largestWriteBytes = 256 * 1024

export interface WriterStats {
  lines: number
  bytes: number
  /** Lines that are not, or not wholly, in the file. */
  dropped: number
  errors: number
}

/** Takes lines at any time and writes them soon. Never waits, never throws: a disk that is full costs lines, which are counted. */
export class MetricFileWriter {
  readonly stats: WriterStats = { lines: 0, bytes: 0, dropped: 0, errors: 0 }
  readonly #file: RotatingFile
  readonly #log: Log
  readonly #path: string
  readonly #maxWriteBytes: number
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #isBroken = false
  #isStopped = false

  constructor(options: RotatingFileOptions, log: Log) {
    this.#file = new RotatingFile(options)
    this.#path = options.path
    this.#maxWriteBytes = Math.min(options.maxBytes, largestWriteBytes)
    this.#log = log
  }

  /** One line with its end. */
  add(line: string): void {
    const bytes = Buffer.from(line)
    if (this.#isStopped || this.#waitingBytes + bytes.length > maxWaitingBytes) {
      this.stats.dropped++
      return
    }
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    this.#arm()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#writing
    await this.#flush()
    await this.#file.close().catch(() => undefined)
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#writing !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#writing = this.#flush().finally(() => {
        this.#writing = undefined
        if (this.#waiting.length > 0 && !this.#isStopped) this.#arm()
      })
    }, gatherMs)
  }

  async #flush(): Promise<void> {
    const lines = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    let next = 0
    try {
      while (next < lines.length) {
        const end = this.#endOfWrite(lines, next)
        const bytes = Buffer.concat(lines.slice(next, end))
        await this.#file.append(bytes)
        this.stats.lines += end - next
        this.stats.bytes += bytes.length
        next = end
      }
      if (lines.length > 0 && this.#isBroken) this.#say('info', `metrics are written to ${this.#path} again`)
    } catch (error) {
      this.stats.errors++
      this.stats.dropped += lines.length - next
      if (!this.#isBroken) this.#say('error', `metrics cannot be written to ${this.#path}; they still go on the bus`, error)
    }
  }

  /** Lines that are written at once are never more than a file holds. */
  #endOfWrite(lines: readonly Buffer[], start: number): number {
    let bytes = lines[start]?.length ?? 0
    let end = start + 1
    for (; end < lines.length; end++) {
      bytes += lines[end]?.length ?? 0
      if (bytes > this.#maxWriteBytes) break
    }
    return end
  }

  #say(level: 'info' | 'error', message: string, error?: unknown): void {
    this.#isBroken = level === 'error'
    this.#log[level]({ path: this.#path, dropped: this.stats.dropped, ...(error === undefined ? {} : { error }) }, message)
  }
}
