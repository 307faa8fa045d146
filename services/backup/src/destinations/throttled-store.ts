import type { Clock } from '@nightshift/shared/clock'
import { pause } from './pause.ts'
import type { FileType, ListedFile, ReadOptions, Store, StoreFile, StoreRoom } from './store.ts'
import { TokenBucket } from './token-bucket.ts'

export interface ThrottleOptions {
  clock: Clock
  /** Only for tests; ends early when the signal is aborted. */
  wait?: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

/** Limits what is read and written together to so many bytes a second, on average over a few files. */
export class ThrottledStore implements Store {
  readonly #store: Store
  readonly #bucket: TokenBucket
  readonly #clock: Clock
  readonly #wait: (ms: number, signal: AbortSignal | undefined) => Promise<void>

  constructor(store: Store, bytesPerSecond: number, options: ThrottleOptions) {
    this.#store = store
    this.#bucket = new TokenBucket(bytesPerSecond)
    this.#clock = options.clock
    this.#wait = options.wait ?? pause
  }

  get description(): string {
    return this.#store.description
  }

  async create(signal?: AbortSignal): Promise<void> {
    await this.#store.create(signal)
  }

  list(type: FileType, signal?: AbortSignal): AsyncIterable<ListedFile> {
    return this.#store.list(type, signal)
  }

  async sizeOf(file: StoreFile, signal?: AbortSignal): Promise<number | undefined> {
    return await this.#store.sizeOf(file, signal)
  }

  /** The length of a whole file is known only when it is there, so the next one waits for it. */
  async read(file: StoreFile, options: ReadOptions = {}): Promise<Buffer> {
    await this.#take(options.lengthBytes ?? 0, options.signal)
    const bytes = await this.#store.read(file, options)
    if (options.lengthBytes === undefined) this.#bucket.take(bytes.length, this.#clock.monotonicMs())
    return bytes
  }

  async write(file: StoreFile, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#take(bytes.length, signal)
    await this.#store.write(file, bytes, signal)
  }

  async remove(file: StoreFile, signal?: AbortSignal): Promise<void> {
    await this.#store.remove(file, signal)
  }

  async room(signal?: AbortSignal): Promise<StoreRoom> {
    return await this.#store.room(signal)
  }

  async sweep(olderThanMs: number, nowMs: number): Promise<number> {
    return await this.#store.sweep(olderThanMs, nowMs)
  }

  async close(): Promise<void> {
    await this.#store.close()
  }

  async #take(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    const waitMs = this.#bucket.take(bytes, this.#clock.monotonicMs())
    if (waitMs > 0) await this.#wait(waitMs, signal)
  }
}
