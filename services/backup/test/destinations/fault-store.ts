import { setTimeout as sleep } from 'node:timers/promises'
import type { EffectError } from '@nightshift/shared/errors'
import { storeError } from '../../src/destinations/store-error.ts'
import type { FileType, ListedFile, ReadOptions, Store, StoreFile, StoreRoom } from '../../src/destinations/store.ts'

export type StoreOperation = 'create' | 'list' | 'sizeOf' | 'read' | 'write' | 'remove'

export interface StoreFault {
  readonly operation: StoreOperation
  /** Only files of this type; the default is all. */
  readonly type?: FileType
  /** How often; the default is once. */
  times?: number
  /** Operations that match and still work before the fault begins; the default is none. */
  after?: number
  /** What goes wrong; the default is that the store is away for the moment. `cut` reads half, `slow` takes so many milliseconds. */
  readonly error?: EffectError
  readonly isCut?: boolean
  readonly slowMs?: number
}

/** A store on which things go wrong as planned. `isAway` is a store that does not answer at all. */
export class FaultStore implements Store {
  isAway = false
  readonly faults: StoreFault[] = []
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  get description(): string {
    return this.#store.description
  }

  plan(...faults: StoreFault[]): void {
    this.faults.push(...faults)
  }

  async create(signal?: AbortSignal): Promise<void> {
    await this.#suffer('create', undefined)
    await this.#store.create(signal)
  }

  async *list(type: FileType, signal?: AbortSignal): AsyncIterable<ListedFile> {
    await this.#suffer('list', type)
    yield* this.#store.list(type, signal)
  }

  async sizeOf(file: StoreFile, signal?: AbortSignal): Promise<number | undefined> {
    await this.#suffer('sizeOf', file.type)
    return await this.#store.sizeOf(file, signal)
  }

  async read(file: StoreFile, options: ReadOptions = {}): Promise<Buffer> {
    const fault = await this.#suffer('read', file.type)
    const bytes = await this.#store.read(file, options)
    if (fault?.isCut === true) throw storeError('store_unreachable', `${this.description}: cut after ${bytes.length / 2} bytes`)
    return bytes
  }

  async write(file: StoreFile, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    const fault = await this.#suffer('write', file.type)
    await this.#store.write(file, bytes, signal)
    if (fault?.isCut === true) throw storeError('store_unreachable', `${this.description}: written, but the answer was lost`)
  }

  async remove(file: StoreFile, signal?: AbortSignal): Promise<void> {
    await this.#suffer('remove', file.type)
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

  async #suffer(operation: StoreOperation, type: FileType | undefined): Promise<StoreFault | undefined> {
    if (this.isAway) throw storeError('store_unreachable', `${this.description}: the store is away`)
    const fault = this.faults.find((other) => other.operation === operation && (other.type === undefined || other.type === type))
    if (fault === undefined) return undefined
    if ((fault.after ?? 0) > 0) {
      fault.after = (fault.after ?? 0) - 1
      return undefined
    }
    fault.times = (fault.times ?? 1) - 1
    if (fault.times <= 0) this.faults.splice(this.faults.indexOf(fault), 1)
    if (fault.slowMs !== undefined) await sleep(fault.slowMs)
    else if (fault.isCut !== true) throw fault.error ?? storeError('store_unreachable', `${this.description}: a planned fault`)
    return fault
  }
}
