import { windowBytes } from './rabin-tables.ts'
import type { RabinTables } from './rabin-tables.ts'
import type { Rabin } from './rabin.ts'

/** Rabin's hash in plain JavaScript, in two halves of 32 bits; for runtimes without WebAssembly and as a second opinion in tests. */
export class ScriptRabin implements Rabin {
  readonly #modLow: Int32Array
  readonly #modHigh: Int32Array
  readonly #outLow: Int32Array
  readonly #outHigh: Int32Array

  constructor(tables: RabinTables) {
    this.#modLow = halfOf(tables.mod, 0n)
    this.#modHigh = halfOf(tables.mod, 32n)
    this.#outLow = halfOf(tables.out, 0n)
    this.#outHigh = halfOf(tables.out, 32n)
  }

  scan(bytes: Uint8Array, from: number, to: number, maskBits: number): number {
    const [modLow, modHigh, outLow, outHigh] = [this.#modLow, this.#modHigh, this.#outLow, this.#outHigh]
    const mask = 2 ** maskBits - 1
    let low = 0
    let high = 0
    for (let at = from - windowBytes; at < to; at++) {
      const top = (high >>> 13) & 255
      const leaving = at < from ? 0 : (bytes[at - windowBytes] ?? 0)
      high = ((high << 8) | (low >>> 24)) ^ (modHigh[top] ?? 0) ^ (outHigh[leaving] ?? 0)
      low = ((low << 8) | (bytes[at] ?? 0)) ^ (modLow[top] ?? 0) ^ (outLow[leaving] ?? 0)
      if (at >= from && (low & mask) === 0) return at + 1
    }
    return 0
  }
}

function halfOf(table: BigUint64Array, shift: bigint): Int32Array {
  return Int32Array.from(table, (entry) => Number(BigInt.asIntN(32, entry >> shift)))
}
