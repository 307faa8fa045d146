import { nameOf } from '../../src/destinations/layout.ts'
import { MemoryStore } from '../../src/destinations/memory-store.ts'
import type { FileType, ListedFile, ReadOptions, Store, StoreFile, StoreRoom } from '../../src/destinations/store.ts'

/** What was asked of a store, and when the store said that it is durable: until then a crash may undo it, or not. */
export type StoreStep =
  | { readonly kind: 'write_begun'; readonly file: StoreFile; readonly bytes: Buffer }
  | { readonly kind: 'write_durable'; readonly file: StoreFile }
  | { readonly kind: 'remove_begun'; readonly file: StoreFile }
  | { readonly kind: 'remove_durable'; readonly file: StoreFile }

/** Passes everything on and keeps the log of what changes. */
export class RecordingStore implements Store {
  readonly steps: StoreStep[] = []
  readonly #store: Store

  constructor(store: Store = new MemoryStore()) {
    this.#store = store
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

  async read(file: StoreFile, options?: ReadOptions): Promise<Buffer> {
    return await this.#store.read(file, options)
  }

  async write(file: StoreFile, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    this.steps.push({ kind: 'write_begun', file, bytes: Buffer.from(bytes) })
    await this.#store.write(file, bytes, signal)
    this.steps.push({ kind: 'write_durable', file })
  }

  async remove(file: StoreFile, signal?: AbortSignal): Promise<void> {
    this.steps.push({ kind: 'remove_begun', file })
    await this.#store.remove(file, signal)
    this.steps.push({ kind: 'remove_durable', file })
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
}

export interface CrashState {
  /** Steps that had happened: the crash came before step `at`. */
  readonly at: number
  /** What became of that which was on its way: nothing, all of it, or (packs only, for stores that are not atomic) half of each. */
  readonly variant: 'dropped' | 'landed' | 'torn'
  readonly store: MemoryStore
}

/** Every state that a crash may leave: after each prefix of the log, with what was not durable dropped, landed or torn. */
export function* crashStates(steps: readonly StoreStep[]): Generator<CrashState> {
  const durable = new Map<string, readonly [StoreFile, Buffer]>()
  const written = new Map<string, readonly [StoreFile, Buffer]>()
  const removing = new Map<string, StoreFile>()
  for (let at = 0; at <= steps.length; at++) {
    yield { at, variant: 'dropped', store: new MemoryStore(`dropped at ${at}`, durable.values()) }
    if (written.size > 0 || removing.size > 0) yield { at, variant: 'landed', store: landed(at, durable, written, removing) }
    if ([...written.values()].some(([file]) => file.type === 'data')) yield { at, variant: 'torn', store: torn(at, durable, written) }
    const step = steps[at]
    if (step === undefined) return
    const name = nameOf(step.file)
    if (step.kind === 'write_begun') written.set(name, [step.file, step.bytes])
    else if (step.kind === 'remove_begun') removing.set(name, step.file)
    else if (step.kind === 'remove_durable') {
      removing.delete(name)
      durable.delete(name)
    } else {
      durable.set(name, written.get(name) ?? [step.file, Buffer.alloc(0)])
      written.delete(name)
    }
  }
}

type Files = Map<string, readonly [StoreFile, Buffer]>

function landed(at: number, durable: Files, written: Files, removing: Map<string, StoreFile>): MemoryStore {
  const files = [...durable, ...written].filter(([name]) => !removing.has(name)).map(([, file]) => file)
  return new MemoryStore(`landed at ${at}`, files)
}

function torn(at: number, durable: Files, written: Files): MemoryStore {
  const packs = [...written.values()].filter(([file]) => file.type === 'data')
  const halves = packs.map(([file, bytes]) => [file, bytes.subarray(0, bytes.length / 2)] as const)
  return new MemoryStore(`torn at ${at}`, [...durable.values(), ...halves])
}
