import { seededRandom } from '../../../test/campaigns/campaign.ts'

const poolBytes = 4 * 1024 ** 2
const kibibyte = 1024

export type ContentKind = 'prose' | 'code' | 'binary' | 'random'

/** Bytes that compress as files of a kind do, the same for the same seed. */
export class Material {
  readonly #random: () => number
  readonly #pools: Readonly<Record<ContentKind, Buffer>>

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    this.#pools = { prose: this.#prose(), code: this.#code(), binary: this.#binary(), random: this.#noise(poolBytes) }
  }

  random(): number {
    return this.#random()
  }

  /** Pieces of a pool, cut anew for each file, so that no two files share a blob. */
  bytes(kind: ContentKind, sizeBytes: number): Buffer {
    const bytes = Buffer.allocUnsafe(sizeBytes)
    const pool = this.#pools[kind]
    for (let at = 0; at < sizeBytes;) {
      const length = Math.min(sizeBytes - at, 64 + Math.floor(this.#random() * 4 * kibibyte))
      const from = Math.floor(this.#random() * (pool.length - length))
      pool.copy(bytes, at, from, from + length)
      at += length
    }
    return bytes
  }

  #noise(sizeBytes: number): Buffer {
    const bytes = Buffer.allocUnsafe(sizeBytes)
    for (let at = 0; at + 4 <= sizeBytes; at += 4) bytes.writeUInt32LE(Math.floor(this.#random() * 2 ** 32), at)
    return bytes
  }

  #prose(): Buffer {
    const words = this.#words(4000)
    return this.#fill(() => `${words[Math.floor(words.length * this.#random() ** 3)]}${this.#random() < 0.1 ? '.\n' : ' '}`)
  }

  #code(): Buffer {
    const words = this.#words(800)
    const word = (): string => words[Math.floor(words.length * this.#random() ** 3)] ?? ''
    const indents = ['', '  ', '    ', '      ']
    const indent = (): string => indents[Math.floor(this.#random() * indents.length)] ?? ''
    return this.#fill(() => `${indent()}const ${word()} = ${word()}.${word()}(${word()}, ${Math.floor(this.#random() * 1000)})\n`)
  }

  /** As machine code: short sequences that come again, with numbers between them. */
  #binary(): Buffer {
    const sequences = Array.from({ length: 3000 }, () => this.#noise(4 + 4 * Math.floor(this.#random() * 4)))
    const bytes = Buffer.allocUnsafe(poolBytes)
    for (let at = 0; at < poolBytes;) {
      const isNumber = this.#random() < 0.3
      const next = isNumber ? this.#noise(4) : (sequences[Math.floor(sequences.length * this.#random() ** 2)] ?? this.#noise(4))
      at += next.copy(bytes, at)
    }
    return bytes
  }

  #words(count: number): string[] {
    const letters = 'eeeetttaaaooiinnsshhrrddllcumwfgypbvk'
    const letter = (): string => letters[Math.floor(this.#random() * letters.length)] ?? 'e'
    return Array.from({ length: count }, () => Array.from({ length: 2 + Math.floor(this.#random() * 9) }, letter).join(''))
  }

  #fill(next: () => string): Buffer {
    const parts: string[] = []
    for (let length = 0; length < poolBytes;) {
      const part = next()
      parts.push(part)
      length += part.length
    }
    return Buffer.from(parts.join('')).subarray(0, poolBytes)
  }
}
