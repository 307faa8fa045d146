import { closeSync, openSync, readSync } from 'node:fs'
import { ContractError } from '@nightshift/shared/errors'

const firstSizeBytes = 16 * 1024
const maxSizeBytes = 4 * 1024 * 1024

/** One buffer for all files: a reading is parsed before the next file is read. Grows to the largest file seen, within the bound. */
let buffer = Buffer.allocUnsafeSlow(firstSizeBytes)

/**
 * A file of /proc or /sys whose descriptor stays open: a read costs no path lookup. Synchronous, because these files come from memory
 * (research: 2.5 times cheaper than promises). Never use it for a file on a disk or a mount that can hang.
 */
export class KeptFile {
  readonly #candidates: readonly string[]
  #descriptor: number | undefined

  /** The first path that can be opened is the one that is read. */
  constructor(...candidates: string[]) {
    this.#candidates = candidates
  }

  /** The whole file. The view is good until the next read of any kept file. */
  read(): Buffer {
    try {
      this.#descriptor ??= openFirst(this.#candidates)
      return readWhole(this.#descriptor, this.#candidates[0] ?? '')
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** The whole file as ASCII, which is what the kernel writes but for names. */
  readText(): string {
    return this.read().toString('latin1')
  }

  close(): void {
    const descriptor = this.#descriptor
    this.#descriptor = undefined
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

function openFirst(candidates: readonly string[]): number {
  let failure: unknown
  for (const path of candidates) {
    try {
      return openSync(path, 'r')
    } catch (error) {
      failure ??= error
    }
  }
  throw failure
}

/** Lists such as net/dev come in pieces of a page, so only a read of nothing is the end. */
function readWhole(descriptor: number, path: string): Buffer {
  let length = 0
  for (;;) {
    if (length === buffer.length) grow(path)
    const count = readSync(descriptor, buffer, length, buffer.length - length, length)
    if (count === 0) return buffer.subarray(0, length)
    length += count
  }
}

function grow(path: string): void {
  if (buffer.length * 2 > maxSizeBytes) throw new ContractError('proc_file_too_large', `${path} has more than ${maxSizeBytes} bytes`)
  const larger = Buffer.allocUnsafeSlow(buffer.length * 2)
  buffer.copy(larger)
  buffer = larger
}
