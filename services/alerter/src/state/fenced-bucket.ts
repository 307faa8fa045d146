import { setImmediate as letOthersWork, setTimeout as sleep } from 'node:timers/promises'
import type { Bucket, Lease } from '@nightshift/shared/bus/bus'
import type { Clock } from '@nightshift/shared/clock'
import { ConflictError, isTransient, NightshiftError } from '@nightshift/shared/errors'
import { isWithin } from './store-prefix.ts'

/** What carries the fencing token of its writer. */
interface Fenced {
  readonly token: number
}

/** Whether an error says that another replica is to go on. */
export function isLeaseLost(error: unknown): boolean {
  return error instanceof ConflictError && (error.code === 'lease_lost' || error.code === 'fenced')
}

/** Entries taken up before others have their turn: the lease is to be renewed meanwhile. */
const partSize = 5000
const firstRetryMs = 50
const slowestRetryMs = 1000
/** A bus that is there and refuses for so long, as when the bucket is full, must not keep alerts from being told. */
const giveUpAfterMs = 10_000

/**
 * A bucket of which only the holder of a lease writes. A predecessor that does not know yet that it lost the lease cannot win: what carries
 * a higher token is never overwritten, and what it wrote late with a lower one is.
 */
export class FencedBucket<T extends Fenced> {
  readonly #bucket: Bucket<T>
  readonly #lease: Lease
  readonly #clock: Clock
  readonly #onRefused: (key: string, error: unknown) => void
  readonly #prefix: string
  readonly #revisions = new Map<string, number>()
  /** The last write of each key that is under way. Never rejects. */
  readonly #writing = new Map<string, Promise<void>>()

  /** `prefix` stands before all its keys, and is what it loads; see storePrefix. */
  constructor(bucket: Bucket<T>, lease: Lease, clock: Clock, onRefused: (key: string, error: unknown) => void, prefix = '') {
    this.#bucket = bucket
    this.#lease = lease
    this.#clock = clock
    this.#onRefused = onRefused
    this.#prefix = prefix
  }

  /** Everything that is stored, to begin with. */
  async load(): Promise<[key: string, value: T][]> {
    const entries: [string, T][] = []
    for await (const [stored, { value, revision }] of this.#bucket.entries()) {
      if (!isWithin(stored, this.#prefix)) continue
      const key = stored.slice(this.#prefix.length)
      this.#revisions.set(key, revision)
      entries.push([key, value])
      if (entries.length % partSize === 0) await letOthersWork()
    }
    return entries
  }

  /** Those of what is stored, without looking at the rest. */
  async loadKeys(keys: readonly string[]): Promise<[key: string, value: T][]> {
    const found = await Promise.all(keys.map(async (key) => [key, await this.#bucket.get(this.#prefix + key)] as const))
    return found.flatMap(([key, entry]) => {
      if (entry === undefined) return []
      this.#revisions.set(key, entry.revision)
      return [[key, entry.value]]
    })
  }

  /**
   * Stores a value; tries again while the lease holds. Throws ConflictError `lease_lost` or `fenced` when somebody else is to go on. What the
   * bus refuses for good is reported and let go: an alert that is told and forgotten is better than one that is not told. Writes of one key
   * follow each other in the order in which they were asked for; those of others do not wait for them.
   */
  async put(key: string, value: T): Promise<void> {
    await this.#inTurn(key, () => this.#put(key, value))
  }

  /** What cannot be deleted just now stays, and is found again at the next start. */
  async delete(key: string): Promise<void> {
    await this.#inTurn(key, () => this.#delete(key))
  }

  async #inTurn(key: string, write: () => Promise<void>): Promise<void> {
    const before = this.#writing.get(key)
    const written = before === undefined ? write() : before.then(write)
    const through = written.catch(() => undefined)
    this.#writing.set(key, through)
    try {
      await written
    } finally {
      if (this.#writing.get(key) === through) this.#writing.delete(key)
    }
  }

  async #put(key: string, value: T): Promise<void> {
    const startedMs = this.#clock.monotonicMs()
    for (let waitMs = firstRetryMs; ; waitMs = Math.min(waitMs * 2, slowestRetryMs)) {
      if (!this.#lease.holds()) throw leaseLost()
      try {
        this.#revisions.set(key, await this.#bucket.put(this.#prefix + key, value, this.#revisions.get(key) ?? 0))
        return
      } catch (error) {
        if (error instanceof NightshiftError && error.code === 'stale_revision') await this.#outrank(key)
        else if (!isTransient(error) || this.#clock.monotonicMs() - startedMs > giveUpAfterMs) return this.#onRefused(key, error)
      }
      await sleep(waitMs, undefined, { signal: this.#lease.signal }).catch(() => undefined)
    }
  }

  async #delete(key: string): Promise<void> {
    if (!this.#lease.holds()) throw leaseLost()
    try {
      await this.#bucket.delete(this.#prefix + key)
      this.#revisions.delete(key)
    } catch (error) {
      this.#onRefused(key, error)
    }
  }

  /** Another hand wrote here: ours whose answer was lost, a predecessor's, or a successor's. */
  async #outrank(key: string): Promise<void> {
    const current = await this.#bucket.get(this.#prefix + key).catch((error: unknown) => {
      if (isTransient(error)) return undefined
      throw error
    })
    if (current !== undefined && current.value.token > this.#lease.token) {
      throw new ConflictError('fenced', `${key} was written by a later holder of ${this.#lease.key}; this replica stands by`)
    }
    this.#revisions.set(key, current?.revision ?? 0)
  }
}

function leaseLost(): ConflictError {
  return new ConflictError('lease_lost', 'the lease is lost; another replica goes on')
}
