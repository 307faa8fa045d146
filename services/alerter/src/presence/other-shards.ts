import type { Bucket } from '@nightshift/shared/bus/bus'
import { maxShards, ownsHost, type ShardPlace } from '../shard-place.ts'
import { storePrefix } from '../state/store-prefix.ts'
import { pageKeys, watchedKey, type HostRecord, type PresenceStored } from './presence-record.ts'

interface Watched {
  readonly shards: number
  readonly timeMs: number
}

/**
 * The hosts of a shard as they were stored while there was another number of shards, when that is newer than what it stored itself; undefined
 * when it is not.
 */
export async function hostsOfOtherShards(
  bucket: Bucket<PresenceStored>,
  place: ShardPlace,
  ownMs: number | undefined,
): Promise<HostRecord[] | undefined> {
  const counts = Array.from({ length: maxShards }, (_, index) => index + 1).filter((shards) => shards !== place.shards)
  const found = await Promise.all(counts.flatMap(placesOf).map(async (other) => await watchedOf(bucket, other)))
  const newest = found
    .flatMap((watched) => watched ?? [])
    .reduce<Watched | undefined>((best, each) => (best === undefined || each.timeMs > best.timeMs ? each : best), undefined)
  if (newest === undefined || (ownMs !== undefined && ownMs >= newest.timeMs)) return undefined
  const keys = placesOf(newest.shards).flatMap((other) => pageKeys.map((key) => storePrefix(other) + key))
  const pages = await Promise.all(keys.map(async (key) => (await bucket.get(key))?.value))
  const hosts = pages.flatMap((page) => (page?.kind === 'page' ? page.hosts : []))
  return hosts.filter(({ host }) => ownsHost(place, host))
}

function placesOf(shards: number): ShardPlace[] {
  return Array.from({ length: shards }, (_, number) => ({ number, shards }))
}

async function watchedOf(bucket: Bucket<PresenceStored>, place: ShardPlace): Promise<Watched | undefined> {
  const stored = (await bucket.get(storePrefix(place) + watchedKey))?.value
  return stored?.kind === 'watched' ? { shards: place.shards, timeMs: stored.time_ms } : undefined
}
