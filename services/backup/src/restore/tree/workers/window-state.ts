/** What the writers of a window share about each of its files: how many blobs it waits for, and whether it was made. */
export class WindowState {
  readonly #remaining: Int32Array
  readonly #made: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    const files = buffer.byteLength / 8
    this.#remaining = new Int32Array(buffer, 0, files)
    this.#made = new Int32Array(buffer, files * 4, files)
  }

  static for(blobsOfFiles: readonly number[]): SharedArrayBuffer {
    const buffer = new SharedArrayBuffer(blobsOfFiles.length * 8)
    new Int32Array(buffer, 0, blobsOfFiles.length).set(blobsOfFiles)
    return buffer
  }

  /** True for the one writer that has to make the file; the others sleep until it is there. */
  isMaker(file: number): boolean {
    const [unmade, making] = [0, 1]
    if (Atomics.compareExchange(this.#made, file, unmade, making) === unmade) return true
    Atomics.wait(this.#made, file, making)
    return false
  }

  /** It is made, or cannot be. */
  setMade(file: number): void {
    Atomics.store(this.#made, file, 2)
    Atomics.notify(this.#made, file)
  }

  /** True for the last blob of a file. */
  isLast(file: number): boolean {
    return Atomics.sub(this.#remaining, file, 1) === 1
  }
}
