import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { ConfigError, describeError } from '@nightshift/shared/errors'
import type { Recorded } from '@nightshift/alerter/simulate/memory-bus'
import { formatLine } from './recorded-line.ts'

interface Parts {
  readonly path: string
  /** As the user wrote it. */
  readonly name: string
  readonly maxBytes: number
  /** It cannot be written any more; `close` says why. */
  readonly onBroken: () => void
}

/** A recording that is being written: a new file, readable by its owner only, up to a bound. */
export class RecordingFile {
  count = 0
  sizeBytes = 0
  /** The next message would have made it larger than its bound. */
  isFull = false
  readonly #out: WriteStream
  readonly #maxBytes: number
  readonly #writing: Promise<void>

  /** Rejects with ConfigError `recording` when it cannot be made. */
  static async create(parts: Parts): Promise<RecordingFile> {
    const file = new RecordingFile(parts)
    await Promise.race([once(file.#out, 'open').catch(() => undefined), file.#writing])
    return file
  }

  private constructor({ path, name, maxBytes, onBroken }: Parts) {
    this.#maxBytes = maxBytes
    this.#out = createWriteStream(path, { flags: 'wx', mode: 0o600 })
    this.#writing = finished(this.#out).catch((cause: unknown) => {
      onBroken()
      throw new ConfigError('recording', `cannot write ${name}: ${describeError(cause)}`, { cause })
    })
    // It is awaited at the end; until then nobody else is to hear of it.
    this.#writing.catch(() => undefined)
  }

  /** False: it is full. */
  write(message: Recorded): boolean {
    const line = Buffer.from(formatLine(message))
    if (this.sizeBytes + line.length > this.#maxBytes) this.isFull = true
    if (this.isFull) return false
    this.#out.write(line)
    this.count++
    this.sizeBytes += line.length
    return true
  }

  async close(): Promise<void> {
    this.#out.end()
    await this.#writing
  }
}
