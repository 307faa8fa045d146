/**
 * How many finished packs a reader may have given away that are not written yet: a reader that is faster than the destination sleeps,
 * instead of filling the memory. Made in one thread and handed to another as its buffer.
 */
export class PackGate {
  readonly #state: Int32Array

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.#state = new Int32Array(buffer)
  }

  get buffer(): SharedArrayBuffer {
    return this.#state.buffer as SharedArrayBuffer
  }

  /** Nobody sleeps any more. */
  open(): void {
    Atomics.store(this.#state, 0, -1e9)
    Atomics.notify(this.#state, 0)
  }

  /** Called by the reader: sleeps until fewer than `limit` are on their way. Not for the main thread. */
  enter(limit: number): void {
    for (let count = Atomics.load(this.#state, 0); count >= limit; count = Atomics.load(this.#state, 0)) Atomics.wait(this.#state, 0, count)
    Atomics.add(this.#state, 0, 1)
  }

  /** Called when one is written. */
  leave(): void {
    Atomics.sub(this.#state, 0, 1)
    Atomics.notify(this.#state, 0)
  }
}
