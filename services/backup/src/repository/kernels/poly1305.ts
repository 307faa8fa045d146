import { poly1305Bytes } from './bytes.ts'
import { isWasmAvailable, startKernel } from './kernel.ts'
import type { KernelKind } from './kernel.ts'
import { ScriptPoly1305 } from './script-poly1305.ts'

/** Poly1305 over bytes that lie anywhere; one object per thread. */
export interface Poly1305 {
  /** Writes the 16-byte tag of `message` under the key `r || s` into `target`. */
  tag(message: Uint8Array, r: Uint8Array, s: Uint8Array, target: Uint8Array): void
}

interface Exports {
  readonly memory: WebAssembly.Memory
  start(): void
  blocks(at: number, count: number, highBit: bigint): void
  finish(): void
}

/** Where the kernel keeps r, s and the tag, and from where on it takes the message: see poly1305.wat. */
const keyAt = 0
const tagAt = 32
const messageAt = 64

/** A multiple of the block size that the first cache of a processor holds: the message passes through it piece by piece. */
const pieceBytes = 32 * 1024

const blockBytes = 16

class WasmPoly1305 implements Poly1305 {
  readonly #kernel: Exports
  readonly #memory: Uint8Array

  constructor() {
    this.#kernel = startKernel<Exports>(poly1305Bytes)
    this.#memory = new Uint8Array(this.#kernel.memory.buffer)
  }

  tag(message: Uint8Array, r: Uint8Array, s: Uint8Array, target: Uint8Array): void {
    const memory = this.#memory
    memory.set(r, keyAt)
    memory.set(s, keyAt + 16)
    this.#kernel.start()
    const whole = message.length - (message.length % blockBytes)
    for (let from = 0; from < whole; from += pieceBytes) {
      const piece = message.subarray(from, Math.min(from + pieceBytes, whole))
      memory.set(piece, messageAt)
      this.#kernel.blocks(messageAt, piece.length / blockBytes, 1n << 24n)
    }
    if (whole < message.length) {
      memory.fill(0, messageAt, messageAt + blockBytes)
      memory.set(message.subarray(whole), messageAt)
      memory[messageAt + message.length - whole] = 1
      this.#kernel.blocks(messageAt, 1, 0n)
    }
    this.#kernel.finish()
    target.set(memory.subarray(tagAt, tagAt + 16))
  }
}

/** The fast one where WebAssembly is there, else the same in JavaScript. */
export function createPoly1305(kind: KernelKind = isWasmAvailable() ? 'wasm' : 'script'): Poly1305 {
  return kind === 'wasm' ? new WasmPoly1305() : new ScriptPoly1305()
}
