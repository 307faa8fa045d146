import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * zlib and the ciphers make a new buffer for each blob, outside of V8's heap, and V8 sees little reason to look for those that nobody needs
 * any more: hundreds of megabytes pile up. So it is told to look each time so many bytes have passed. The heap of a reader is small: a look
 * takes two or three milliseconds. Looking at young objects only frees too little, as the handles of zlib outlive them.
 */
export class BufferCollector {
  readonly #everyBytes: number
  readonly #collect: () => void
  #passedBytes = 0

  constructor(everyBytes = 12 * 1024 ** 2) {
    this.#everyBytes = everyBytes
    setFlagsFromString('--expose-gc')
    this.#collect = runInNewContext('gc') as () => void
  }

  count(sizeBytes: number): void {
    this.#passedBytes += sizeBytes
    if (this.#passedBytes < this.#everyBytes) return
    this.#passedBytes = 0
    this.#collect()
  }
}
