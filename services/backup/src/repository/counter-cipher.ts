import { createCipheriv, createSecretKey } from 'node:crypto'
import type { Cipheriv, KeyObject } from 'node:crypto'

const blockBytes = 16

/** Up to here making a cipher takes longer than enciphering. */
const smallBytes = 4 * 1024

/** AES-256-CTR under one key and many initial vectors; enciphering and deciphering are the same. */
export class CounterCipher {
  /** Not its bytes: with them Node makes such an object each time. */
  readonly #key: KeyObject
  /** AES of single blocks, kept for good: of the counters of a small blob it makes the bytes that the mode would make. */
  readonly #blocks: Cipheriv
  readonly #counters = Buffer.alloc(smallBytes)
  readonly #counterView = new DataView(this.#counters.buffer, this.#counters.byteOffset)
  readonly #input = new Int32Array(smallBytes / 4)
  readonly #inputBytes = new Uint8Array(this.#input.buffer)

  constructor(key: Uint8Array) {
    this.#key = createSecretKey(key)
    this.#blocks = createCipheriv('aes-256-ecb', this.#key, null).setAutoPadding(false)
  }

  /** The other side of `input`, in memory of its own. */
  apply(iv: Uint8Array, input: Uint8Array): Buffer {
    if (input.length > smallBytes) {
      const cipher = createCipheriv('aes-256-ctr', this.#key, iv)
      const output = cipher.update(input)
      cipher.final()
      return output
    }
    const paddedBytes = Math.ceil(input.length / blockBytes) * blockBytes
    this.#count(iv, paddedBytes)
    const stream = this.#blocks.update(this.#counters.subarray(0, paddedBytes))
    this.#inputBytes.set(input)
    return this.#mix(stream).subarray(0, input.length)
  }

  /** The initial vector and its successors, as numbers of 128 bits with the highest byte first. */
  #count(iv: Uint8Array, sizeBytes: number): void {
    const view = this.#counterView
    const start = new DataView(iv.buffer, iv.byteOffset, blockBytes)
    let [a, b, c, d] = [start.getUint32(0), start.getUint32(4), start.getUint32(8), start.getUint32(12)]
    for (let at = 0; at < sizeBytes; at += blockBytes) {
      view.setUint32(at, a)
      view.setUint32(at + 4, b)
      view.setUint32(at + 8, c)
      view.setUint32(at + 12, d)
      d = (d + 1) >>> 0
      if (d === 0) c = (c + 1) >>> 0
      if (d === 0 && c === 0) b = (b + 1) >>> 0
      if (d === 0 && c === 0 && b === 0) a = (a + 1) >>> 0
    }
  }

  /** In place, word by word: `input` lies in aligned memory for that. */
  #mix(stream: Buffer): Buffer {
    const aligned = stream.byteOffset % 4 === 0 ? stream : Buffer.from(Uint8Array.from(stream).buffer)
    const words = new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4)
    const input = this.#input
    for (let word = 0; word < words.length; word++) words[word] = (words[word] ?? 0) ^ (input[word] ?? 0)
    return aligned
  }
}
