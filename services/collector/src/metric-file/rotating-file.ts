import type { Stats } from 'node:fs'
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises'

const mode = 0o640

export interface RotatingFileOptions {
  path: string
  maxBytes: number
  /** Older files, `<path>.1` the youngest. */
  keep: number
}

/**
 * A file that is only ever appended to, and moved away before it grows over its bound. When somebody else moved it away, as logrotate
 * does, a new one is begun. Calls must not overlap.
 */
export class RotatingFile {
  readonly #options: RotatingFileOptions
  #file: FileHandle | undefined
  #stats: Stats | undefined
  #sizeBytes = 0
  /** The last line of the file has no end: a write broke off there. */
  #isTorn = false

  constructor(options: RotatingFileOptions) {
    this.#options = options
  }

  /** Appends whole lines. Throws when not all of them are in the file; the next lines then begin on a line of their own. */
  async append(lines: Buffer): Promise<void> {
    await this.#follow()
    if (this.#sizeBytes > 0 && this.#sizeBytes + lines.length > this.#options.maxBytes && this.#stats?.isFile() === true) {
      await this.#rotate()
      await this.#follow()
    }
    if (this.#isTorn) await this.#write(Buffer.from('\n'))
    this.#isTorn = false
    await this.#write(lines)
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }

  /** Opens the file that has the name now. */
  async #follow(): Promise<void> {
    const { path } = this.#options
    const there = await stat(path).catch(() => undefined)
    const isSame = there !== undefined && this.#stats?.ino === there.ino && this.#stats.dev === there.dev
    if (this.#file !== undefined && isSame) {
      // copytruncate cuts it while it is open.
      this.#sizeBytes = there.size
      return
    }
    await this.close()
    this.#file = await open(path, 'a+', mode)
    this.#stats = await this.#file.stat()
    this.#sizeBytes = this.#stats.size
    this.#isTorn = this.#stats.isFile() && this.#sizeBytes > 0 && !(await endsWithLine(this.#file, this.#sizeBytes))
  }

  async #rotate(): Promise<void> {
    const { path, keep } = this.#options
    await this.close()
    if (keep === 0) await rm(path, { force: true })
    else {
      await rm(`${path}.${keep}`, { force: true })
      for (let number = keep; number > 0; number--) {
        await moveIfThere(number === 1 ? path : `${path}.${number - 1}`, `${path}.${number}`)
      }
    }
  }

  async #write(bytes: Buffer): Promise<void> {
    let written = 0
    try {
      while (written < bytes.length) written += (await this.#file?.write(bytes, written))?.bytesWritten ?? 0
    } finally {
      this.#sizeBytes += written
      if (written < bytes.length) this.#isTorn = this.#isTorn || (written > 0 && bytes[written - 1] !== newline)
    }
  }
}

const newline = 0x0a

async function endsWithLine(file: FileHandle, sizeBytes: number): Promise<boolean> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, sizeBytes - 1)
  return bytesRead === 1 && buffer[0] === newline
}

async function moveIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}
