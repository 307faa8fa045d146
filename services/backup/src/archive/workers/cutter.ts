import type { BlobId } from '../../repository/blob.ts'
import { maxChunkBytes, type ChunkPolicy } from '../../repository/chunker/chunk-policy.ts'
import { createChunker, type Chunker } from '../../repository/chunker/chunker.ts'
import type { Rabin } from '../../repository/kernels/rabin.ts'

/** So much is read at once, so that a chunk that ends early leaves little behind it that has to be moved. */
const stepBytes = 1024 ** 2

/** Cuts one file after the other into blobs, through one buffer. */
export class Cutter {
  readonly #polynomial: bigint
  readonly #rabin: Rabin
  readonly #store: (plain: Uint8Array) => BlobId
  readonly #chunkers = new Map<string, Chunker>()
  #buffer = Buffer.alloc(0)
  #start = 0
  #end = 0
  #chunker: Chunker | undefined
  #content: BlobId[] = []

  constructor(polynomial: bigint, rabin: Rabin, store: (plain: Uint8Array) => BlobId) {
    this.#polynomial = polynomial
    this.#rabin = rabin
    this.#store = store
  }

  begin(policy: ChunkPolicy): void {
    const needed = maxChunkBytes(policy) + stepBytes
    if (this.#buffer.length < needed) this.#buffer = Buffer.allocUnsafeSlow(needed)
    const key = policy.kind === 'fixed' ? `fixed ${policy.sizeBytes}` : policy.kind
    this.#chunker = this.#chunkers.get(key) ?? createChunker(policy, this.#polynomial, this.#rabin)
    this.#chunkers.set(key, this.#chunker)
    this.#chunker.reset()
    this.#start = 0
    this.#end = 0
    this.#content = []
  }

  /** Where the next bytes of the file go; never empty. */
  space(): Buffer {
    if (this.#start === this.#end) {
      this.#start = 0
      this.#end = 0
    } else if (this.#buffer.length - this.#end < stepBytes) {
      this.#buffer.copyWithin(0, this.#start, this.#end)
      this.#end -= this.#start
      this.#start = 0
    }
    return this.#buffer.subarray(this.#end, this.#end + stepBytes)
  }

  /** So many bytes were put into the space. */
  filled(sizeBytes: number): void {
    this.#end += sizeBytes
    this.#cut(false)
  }

  /** The file is over: the ids of its blobs, none for an empty file. */
  end(): BlobId[] {
    this.#cut(true)
    return this.#content
  }

  #cut(isLast: boolean): void {
    while (this.#start < this.#end) {
      const length = this.#chunker?.cut(this.#buffer.subarray(this.#start, this.#end), isLast) ?? 0
      if (length === 0) return
      this.#content.push(this.#store(this.#buffer.subarray(this.#start, this.#start + length)))
      this.#start += length
    }
  }
}
