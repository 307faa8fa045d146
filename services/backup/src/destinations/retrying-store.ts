import { EffectError } from '@nightshift/shared/errors'
import { pause } from './pause.ts'
import type { FileType, ListedFile, ReadOptions, Store, StoreFile, StoreRoom } from './store.ts'

export interface RetryOptions {
  attempts?: number
  /** The longest wait after the first failure; doubles with each. */
  firstWaitMs?: number
  maxWaitMs?: number
  /** Only for tests; ends early when the signal is aborted. */
  wait?: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

/** Tries again what failed for the moment (`transient`), a bounded number of times, each after a wait of random length. */
export class RetryingStore implements Store {
  readonly #store: Store
  readonly #attempts: number
  readonly #firstWaitMs: number
  readonly #maxWaitMs: number
  readonly #wait: (ms: number, signal: AbortSignal | undefined) => Promise<void>

  constructor(store: Store, options: RetryOptions = {}) {
    this.#store = store
    this.#attempts = options.attempts ?? 6
    this.#firstWaitMs = options.firstWaitMs ?? 500
    this.#maxWaitMs = options.maxWaitMs ?? 20_000
    this.#wait = options.wait ?? pause
  }

  get description(): string {
    return this.#store.description
  }

  async create(signal?: AbortSignal): Promise<void> {
    await this.#retry(signal, async () => await this.#store.create(signal))
  }

  /** All of a listing or nothing: a caller that saw half of it twice, or only half of it, would draw wrong conclusions. */
  async *list(type: FileType, signal?: AbortSignal): AsyncIterable<ListedFile> {
    yield* await this.#retry(signal, async () => await Array.fromAsync(this.#store.list(type, signal)))
  }

  async sizeOf(file: StoreFile, signal?: AbortSignal): Promise<number | undefined> {
    return await this.#retry(signal, async () => await this.#store.sizeOf(file, signal))
  }

  async read(file: StoreFile, options: ReadOptions = {}): Promise<Buffer> {
    return await this.#retry(options.signal, async () => await this.#store.read(file, options))
  }

  async write(file: StoreFile, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#retry(signal, async () => await this.#store.write(file, bytes, signal))
  }

  async remove(file: StoreFile, signal?: AbortSignal): Promise<void> {
    await this.#retry(signal, async () => await this.#store.remove(file, signal))
  }

  async room(signal?: AbortSignal): Promise<StoreRoom> {
    return await this.#retry(signal, async () => await this.#store.room(signal))
  }

  async sweep(olderThanMs: number, nowMs: number): Promise<number> {
    return await this.#retry(undefined, async () => await this.#store.sweep(olderThanMs, nowMs))
  }

  async close(): Promise<void> {
    await this.#store.close()
  }

  async #retry<T>(signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures++) {
      try {
        return await attempt()
      } catch (error) {
        const isHopeless = !(error instanceof EffectError) || !error.transient
        if (isHopeless || failures >= this.#attempts || signal?.aborted === true) throw error
        const longestMs = Math.min(this.#maxWaitMs, this.#firstWaitMs * 2 ** (failures - 1))
        await this.#wait(longestMs * (0.5 + Math.random() / 2), signal)
      }
    }
  }
}
