import type { Poly1305 } from './poly1305.ts'

/** Limbs of 13 bits: products and their sums stay far below 2^53. */
const limbBits = 13
const limbMask = 0x1fff
const limbs = 10

/** Poly1305 in plain JavaScript, for runtimes without WebAssembly and as a second opinion in tests. */
export class ScriptPoly1305 implements Poly1305 {
  readonly #r = new Float64Array(limbs)
  readonly #h = new Float64Array(limbs)
  readonly #product = new Float64Array(limbs)
  readonly #block = new Uint8Array(17)

  tag(message: Uint8Array, r: Uint8Array, s: Uint8Array, target: Uint8Array): void {
    this.#block.set(r)
    this.#block[16] = 0
    for (const at of [3, 7, 11, 15]) this.#block[at] = (this.#block[at] ?? 0) & 15
    for (const at of [4, 8, 12]) this.#block[at] = (this.#block[at] ?? 0) & 252
    for (let limb = 0; limb < limbs; limb++) this.#r[limb] = this.#limbOfBlock(limb)
    this.#h.fill(0)
    for (let from = 0; from < message.length; from += 16) {
      const part = message.subarray(from, from + 16)
      this.#block.fill(0)
      this.#block.set(part)
      this.#block[part.length] = 1
      this.#absorb()
    }
    this.#write(s, target)
  }

  /** 13 bits of the 17-byte block. */
  #limbOfBlock(limb: number): number {
    const bit = limb * limbBits
    const at = bit >> 3
    const three = (this.#block[at] ?? 0) | ((this.#block[at + 1] ?? 0) << 8) | ((this.#block[at + 2] ?? 0) << 16)
    return (three >> (bit & 7)) & limbMask
  }

  /** h = (h + block) * r mod 2^130 - 5, with limbs a little above 13 bits. */
  #absorb(): void {
    const [h, r, product] = [this.#h, this.#r, this.#product]
    for (let limb = 0; limb < limbs; limb++) h[limb] = (h[limb] ?? 0) + this.#limbOfBlock(limb)
    for (let to = 0; to < limbs; to++) {
      let sum = 0
      for (let from = 0; from <= to; from++) sum += (h[from] ?? 0) * (r[to - from] ?? 0)
      for (let from = to + 1; from < limbs; from++) sum += 5 * (h[from] ?? 0) * (r[limbs + to - from] ?? 0)
      product[to] = sum
    }
    h.set(product)
    this.#carry()
    this.#carry()
  }

  #carry(): void {
    const h = this.#h
    let carry = 0
    for (let limb = 0; limb < limbs; limb++) {
      const sum = (h[limb] ?? 0) + carry
      carry = Math.floor(sum / (limbMask + 1))
      h[limb] = sum - carry * (limbMask + 1)
    }
    h[0] = (h[0] ?? 0) + carry * 5
  }

  #write(s: Uint8Array, target: Uint8Array): void {
    const prime = (1n << 130n) - 5n
    const h = this.#h.reduceRight((sum, limb) => (sum << BigInt(limbBits)) + BigInt(limb), 0n) % prime
    const sNumber = s.subarray(0, 16).reduceRight((sum, byte) => (sum << 8n) + BigInt(byte), 0n)
    let tag = (h + sNumber) & ((1n << 128n) - 1n)
    for (let at = 0; at < 16; at++, tag >>= 8n) target[at] = Number(tag & 255n)
  }
}
