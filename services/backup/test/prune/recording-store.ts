import { MemoryStore } from '../../src/destinations/memory-store.ts'
import type { FileType, ListedFile, ReadOptions, Store, StoreFile, StoreRoom } from '../../src/destinations/store.ts'

/** One thing that happened to the store. A write that began may be there or not when the power fails; one that ended is there. */
type Event =
  | { readonly kind: 'begun' | 'ended'; readonly file: StoreFile; readonly bytes: Buffer; readonly write: number }
  | { readonly kind: 'removed'; readonly file: StoreFile }

/** What becomes of a write that had begun when the power failed. */
export type Fate = 'there' | 'dropped' | 'torn'

/** A store that keeps the account of all that was written and removed, in order. */
export class RecordingStore implements Store {
  readonly #store: Store
  readonly events: Event[] = []
  #writes = 0

  constructor(store: Store = new MemoryStore()) {
    this.#store = store
  }

  get description(): string {
    return this.#store.description
  }

  async create(signal?: AbortSignal): Promise<void> {
    return this.#store.create(signal)
  }

  list(type: FileType, signal?: AbortSignal): AsyncIterable<ListedFile> {
    return this.#store.list(type, signal)
  }

  async sizeOf(file: StoreFile, signal?: AbortSignal): Promise<number | undefined> {
    return this.#store.sizeOf(file, signal)
  }

  async read(file: StoreFile, options?: ReadOptions): Promise<Buffer> {
    return this.#store.read(file, options)
  }

  async write(file: StoreFile, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    const write = this.#writes++
    const copy = Buffer.from(bytes)
    this.events.push({ kind: 'begun', file, bytes: copy, write })
    // Let others begin before this ends, as on a store that is far.
    await new Promise((resolve) => setImmediate(resolve))
    await this.#store.write(file, bytes, signal)
    this.events.push({ kind: 'ended', file, bytes: copy, write })
  }

  async remove(file: StoreFile, signal?: AbortSignal): Promise<void> {
    this.events.push({ kind: 'removed', file })
    return this.#store.remove(file, signal)
  }

  async room(signal?: AbortSignal): Promise<StoreRoom> {
    return this.#store.room(signal)
  }

  async sweep(olderThanMs: number, nowMs: number): Promise<number> {
    return this.#store.sweep(olderThanMs, nowMs)
  }

  async close(): Promise<void> {
    return this.#store.close()
  }

  /**
   * The store as the power left it after the first `count` events: what had ended is there; of what had only begun each file is there or
   * not by `chance`, and a pack may be cut short, as its name is in no index yet. Locks die with their process.
   */
  async after(count: number, chance: (write: number) => Fate): Promise<MemoryStore> {
    const store = new MemoryStore(`memory after ${count} events`)
    const open = new Map<number, Extract<Event, { write: number }>>()
    for (const event of this.events.slice(0, count)) {
      if (event.kind === 'removed') await store.remove(event.file)
      else if (event.kind === 'begun') open.set(event.write, event)
      else {
        open.delete(event.write)
        await store.write(event.file, event.bytes)
      }
    }
    for (const { file, bytes, write } of open.values()) {
      const fate = chance(write)
      if (fate === 'there') await store.write(file, bytes)
      if (fate === 'torn' && file.type === 'data') await store.write(file, bytes.subarray(0, bytes.length / 2))
    }
    for await (const { id } of store.list('lock')) await store.remove({ type: 'lock', id })
    return store
  }
}
