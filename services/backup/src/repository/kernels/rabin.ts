import { rabinBytes } from './bytes.ts'
import { isWasmAvailable, startKernel } from './kernel.ts'
import type { KernelKind } from './kernel.ts'
import { rabinTablesOf, windowBytes } from './rabin-tables.ts'
import type { RabinTables } from './rabin-tables.ts'
import { ScriptRabin } from './script-rabin.ts'

/** Finds the places where a file may be cut; one object per thread and polynomial. */
export interface Rabin {
  /**
   * The end of the first chunk: behind the first byte in [from, to) where the digest of the window that ends there has `maskBits` low
   * zero bits, or 0 when there is none. At least `windowBytes` bytes lie before `from`.
   */
  scan(bytes: Uint8Array, from: number, to: number, maskBits: number): number
}

interface Exports {
  readonly memory: WebAssembly.Memory
  scan(from: number, end: number, mask: bigint): number
}

/** See rabin.wat. */
const bytesAt = 4096

/** Small enough to stay in a processor's first cache and to waste little when the first cut is near its start. */
const pieceBytes = 16 * 1024

class WasmRabin implements Rabin {
  readonly #kernel: Exports
  readonly #memory: Uint8Array

  constructor(tables: RabinTables) {
    this.#kernel = startKernel<Exports>(rabinBytes)
    this.#memory = new Uint8Array(this.#kernel.memory.buffer)
    new BigUint64Array(this.#kernel.memory.buffer, 0, 256).set(tables.mod)
    new BigUint64Array(this.#kernel.memory.buffer, 2048, 256).set(tables.out)
  }

  scan(bytes: Uint8Array, from: number, to: number, maskBits: number): number {
    const mask = (1n << BigInt(maskBits)) - 1n
    for (let at = from; at < to; at += pieceBytes) {
      const end = Math.min(at + pieceBytes, to)
      this.#memory.set(bytes.subarray(at - windowBytes, end), bytesAt)
      const found = this.#kernel.scan(bytesAt + windowBytes, bytesAt + windowBytes + end - at, mask)
      if (found !== 0) return at + found - bytesAt - windowBytes
    }
    return 0
  }
}

/** The fast one where WebAssembly is there, else the same in JavaScript. */
export function createRabin(polynomial: bigint, kind: KernelKind = isWasmAvailable() ? 'wasm' : 'script'): Rabin {
  const tables = rabinTablesOf(polynomial)
  return kind === 'wasm' ? new WasmRabin(tables) : new ScriptRabin(tables)
}
