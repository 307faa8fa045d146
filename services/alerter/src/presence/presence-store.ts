import type { Bucket, Bus, Lease } from '@nightshift/shared/bus/bus'
import type { Clock } from '@nightshift/shared/clock'
import { FencedBucket } from '../state/fenced-bucket.ts'
import type { ShardPlace } from '../shard-place.ts'
import { storePrefix } from '../state/store-prefix.ts'
import type { HostSeen, Moment } from './host-seen.ts'
import { hostsOfOtherShards } from './other-shards.ts'
import { entryOf, pageKeys, pageOf, presenceBucket, recordOf, watchedKey, type PresenceStored } from './presence-record.ts'

interface Parts {
  readonly bus: Bus
  readonly lease: Lease
  readonly clock: Clock
  readonly place: ShardPlace
  readonly onRefused: (key: string, error: unknown) => void
}

interface Stores {
  /** The bucket as it is, and what of it is ours. */
  readonly all: Bucket<PresenceStored>
  readonly own: FencedBucket<PresenceStored>
  readonly place: ShardPlace
  readonly token: number
}

const pagesPerFlush = 8

/** What of the presence of hosts outlives a run, in the bucket `hosts`. */
export class PresenceStore {
  readonly #parts: Stores
  /** Pages that are not stored as they are. */
  readonly #dirty = new Set<string>()

  static async open({ bus, lease, clock, place, onRefused }: Parts): Promise<PresenceStore> {
    const bucket = await bus.bucket('hosts', presenceBucket)
    const own = new FencedBucket(bucket, lease, clock, onRefused, storePrefix(place))
    return new PresenceStore({ all: bucket, own, place, token: lease.token })
  }

  private constructor(parts: Stores) {
    this.#parts = parts
  }

  /** Every host that is known, and when somebody watched last; undefined: never, or it was ended in good order. */
  async load(at: Moment): Promise<{ hosts: HostSeen[]; watchedMs: number | undefined }> {
    const { all, own, place } = this.#parts
    const values = (await own.loadKeys([...pageKeys, watchedKey])).map(([, value]) => value)
    const watched = values.find((value) => value.kind === 'watched')
    const adopted = await hostsOfOtherShards(all, place, watched?.time_ms)
    if (adopted !== undefined) for (const key of pageKeys) this.#dirty.add(key)
    const records = adopted ?? values.flatMap((value) => (value.kind === 'page' ? value.hosts : []))
    const isStopped = watched === undefined || watched.is_stopped || adopted !== undefined
    return { hosts: records.map((record) => entryOf(record, at)), watchedMs: isStopped ? undefined : watched.time_ms }
  }

  /** Stores the pages of these hosts, a few at a time, or all of them at the end. */
  async flush(changed: Iterable<string>, all: () => Iterable<HostSeen>, isLast = false): Promise<void> {
    for (const host of changed) this.#dirty.add(pageOf(host))
    const now = [...this.#dirty].slice(0, isLast ? pageKeys.length : pagesPerFlush)
    if (now.length === 0) return
    const { own, token } = this.#parts
    const pages = Map.groupBy([...all()], ({ host }) => pageOf(host))
    for (const key of now) {
      const hosts = (pages.get(key) ?? []).map(recordOf)
      await own.put(key, { kind: 'page', token, hosts })
      this.#dirty.delete(key)
    }
  }

  async watched(timeMs: number, isStopped: boolean): Promise<void> {
    const { own, token } = this.#parts
    await own.put(watchedKey, { kind: 'watched', token, time_ms: timeMs, is_stopped: isStopped })
  }
}
