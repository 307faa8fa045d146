import type { Worker } from 'node:worker_threads'

const graceMs = 5000

/**
 * Asks a thread to end between two blobs. `Worker.terminate` alone ends it anywhere, and when that is inside of zlib as it makes a
 * decompressor or compressor, Node 24 aborts the whole process ("close before init"). Made in one thread and handed to another as its buffer.
 */
export class StopFlag {
  readonly #state: Int32Array

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.#state = new Int32Array(buffer)
  }

  get buffer(): SharedArrayBuffer {
    return this.#state.buffer as SharedArrayBuffer
  }

  raise(): void {
    Atomics.store(this.#state, 0, 1)
  }

  /** Called in the thread, where nothing is half made. */
  endIfRaised(): void {
    if (Atomics.load(this.#state, 0) === 1) process.exit()
  }
}

/** Resolves when the thread has ended. One that waits in a system call is ended all the same; `wake` is for one that waits for a message. */
export async function endThread(worker: Worker, wake: () => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  worker.once('exit', () => resolve())
  const timer = setTimeout(() => void worker.terminate(), graceMs)
  wake()
  await promise
  clearTimeout(timer)
}
