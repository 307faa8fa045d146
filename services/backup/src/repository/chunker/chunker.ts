import { createRabin } from '../kernels/rabin.ts'
import type { Rabin } from '../kernels/rabin.ts'
import { rabinSizes } from './chunk-policy.ts'
import type { ChunkPolicy, RabinSizes } from './chunk-policy.ts'

/** Cuts one file at a time; after the last chunk of a file it is ready for the next file. */
export interface Chunker {
  /**
   * Where the chunk that begins at the start of `buffer` ends, or 0 when more bytes are needed to tell. Call it again with the same
   * bytes and more behind them: what was scanned is not scanned twice. With `isLast`, the rest is a chunk, however short.
   */
  cut(buffer: Uint8Array, isLast: boolean): number
  /** Forgets a file that is not read to its end. */
  reset(): void
}

export function createChunker(policy: ChunkPolicy, polynomial: bigint, rabin?: Rabin): Chunker {
  if (policy.kind === 'fixed') return new FixedChunker(policy.sizeBytes)
  return new RabinChunker(rabin ?? createRabin(polynomial), rabinSizes[policy.kind])
}

class FixedChunker implements Chunker {
  readonly #sizeBytes: number

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes
  }

  cut(buffer: Uint8Array, isLast: boolean): number {
    if (buffer.length >= this.#sizeBytes) return this.#sizeBytes
    return isLast ? buffer.length : 0
  }

  reset(): void {}
}

class RabinChunker implements Chunker {
  readonly #rabin: Rabin
  readonly #sizes: RabinSizes
  /** A cut behind a byte before this one is ruled out. */
  #scanned: number

  constructor(rabin: Rabin, sizes: RabinSizes) {
    this.#rabin = rabin
    this.#sizes = sizes
    this.#scanned = sizes.minBytes - 1
  }

  cut(buffer: Uint8Array, isLast: boolean): number {
    const { maxBytes, maskBits } = this.#sizes
    const end = Math.min(buffer.length, maxBytes)
    const found = this.#scanned < end ? this.#rabin.scan(buffer, this.#scanned, end, maskBits) : 0
    if (found === 0 && end < maxBytes && !isLast) {
      this.#scanned = Math.max(this.#scanned, end)
      return 0
    }
    this.reset()
    return found === 0 ? end : found
  }

  reset(): void {
    this.#scanned = this.#sizes.minBytes - 1
  }
}
