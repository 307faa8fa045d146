import type { Bucket, Versioned } from '@nightshift/shared/bus/bus'
import { ConflictError } from '@nightshift/shared/errors'

/** A bucket that is gone with the process; the same compare-and-set as on the bus. */
export class MemoryBucket<T> implements Bucket<T> {
  readonly #entries = new Map<string, Versioned<T>>()
  readonly #watchers = new Set<(key: string, entry: Versioned<T> | undefined) => void>()
  #revision = 0

  async get(key: string): Promise<Versioned<T> | undefined> {
    return await Promise.resolve(this.#entries.get(key))
  }

  async put(key: string, value: T, revision: number): Promise<number> {
    const known = this.#entries.get(key)?.revision ?? 0
    if (known !== revision)
      throw new ConflictError('stale_revision', `${key} is at revision ${known}, not ${revision}`, { transient: true })
    const entry = { value, revision: ++this.#revision }
    this.#entries.set(key, entry)
    this.#tell(key, entry)
    return await Promise.resolve(entry.revision)
  }

  async delete(key: string): Promise<void> {
    if (this.#entries.delete(key)) this.#tell(key, undefined)
    await Promise.resolve()
  }

  async *entries(): AsyncGenerator<[key: string, entry: Versioned<T>]> {
    yield* await Promise.resolve([...this.#entries])
  }

  async watch(onChange: (key: string, entry: Versioned<T> | undefined) => void): Promise<{ stop(): void }> {
    for (const [key, entry] of this.#entries) onChange(key, entry)
    this.#watchers.add(onChange)
    return await Promise.resolve({ stop: () => void this.#watchers.delete(onChange) })
  }

  #tell(key: string, entry: Versioned<T> | undefined): void {
    for (const watcher of this.#watchers) queueMicrotask(() => watcher(key, entry))
  }
}
