import type { Bucket, Bus, Lease } from '@nightshift/shared/bus/bus'
import type { Clock } from '@nightshift/shared/clock'
import { outboxBucket, type OutboxRecord, type StoredOutboxRecord } from '../notify/outbox-record.ts'
import { maxShards, ownsHost, type ShardPlace } from '../shard-place.ts'
import { covers, type FollowedStream, type Position } from './position.ts'
import { bareKey, isWithin, shardsOf, storePrefix } from './store-prefix.ts'
import { storedBucket, type Checkpoint, type Stored } from './stored.ts'

interface Parts {
  readonly bus: Bus
  readonly lease: Lease
  readonly clock: Clock
  readonly place: ShardPlace
}

type Found = readonly [key: string, entry: { readonly value: Stored; readonly revision: number }]

/**
 * Takes over what was stored while there was another number of shards: of each host its alerts, its checks and the notifications on their
 * way. Reading goes on from the oldest checkpoint of then, and what it brings again is skipped alert by alert. Groups begin anew, so that
 * people hear once more of what fires. Returns how many alerts it took; undefined when there was nothing to take.
 */
export async function adopt({ bus, lease, clock, place }: Parts): Promise<number | undefined> {
  const bucket = await bus.bucket('alerts', storedBucket)
  const prefix = storePrefix(place)
  const checkpointKey = `${prefix}checkpoint.${place.number}`
  const checkpoints = await formerCheckpoints(bucket, place)
  const newest = checkpoints.reduce<(typeof checkpoints)[number] | undefined>(
    (best, each) => (best === undefined || each.value.time_ms > best.value.time_ms ? each : best),
    undefined,
  )
  if (newest === undefined) return undefined
  const present = (await bucket.get(checkpointKey))?.value
  if (present?.kind === 'checkpoint' && present.time_ms >= newest.value.time_ms) return undefined
  const before = shardsOf(newest.key)
  const entries: Found[] = []
  for await (const entry of bucket.entries()) entries.push(entry)
  const own = new Map(entries.filter(([key]) => isWithin(key, prefix)).map(([key, { revision, value }]) => [key, { revision, value }]))
  const past = entries.filter(([key]) => shardsOf(key) === before)
  const put = async (key: string, value: Stored): Promise<void> => {
    await bucket.put(key, { ...value, token: lease.token }, own.get(key)?.revision ?? 0)
  }
  // What is left of an earlier time with as many shards as now is older than what is taken.
  for (const [key, { value }] of own) if (value.kind === 'group') await bucket.delete(key)
  const mine = past.filter(([, { value }]) => isOf(place, value))
  for (const [key, { value }] of mine) await put(prefix + bareKey(key), value)
  await adoptOutbox(bus, lease, place, before)
  const read = checkpoints.filter(({ key }) => shardsOf(key) === before).map(({ value }) => value)
  await put(checkpointKey, oldest(read, clock.now()))
  for (const [key] of [...mine, ...past.filter(([, { value }]) => value.kind === 'group' && place.number === 0)]) await bucket.delete(key)
  return mine.filter(([, { value }]) => value.kind === 'alert').length
}

/** Those of other numbers of shards, one by one: to read all alerts for them takes seconds, and mostly there are none. */
async function formerCheckpoints(bucket: Bucket<Stored>, { shards }: ShardPlace): Promise<{ key: string; value: Checkpoint }[]> {
  const keys: string[] = []
  for (let former = 1; former <= maxShards; former++) {
    for (let number = 0; number < former && former !== shards; number++)
      keys.push(`${storePrefix({ number, shards: former })}checkpoint.${number}`)
  }
  const found = await Promise.all(keys.map(async (key) => ({ key, value: (await bucket.get(key))?.value })))
  return found.flatMap(({ key, value }) => (value?.kind === 'checkpoint' ? [{ key, value }] : []))
}

function isOf(place: ShardPlace, value: Stored): boolean {
  if (value.kind === 'alert') return ownsHost(place, value.series.host)
  return value.kind === 'health' && ownsHost(place, value.host)
}

/** Behind all of them. Whatever was said last is said again, under the same ids. */
function oldest(checkpoints: readonly Checkpoint[], nowMs: number): Checkpoint {
  const behind = (stream: FollowedStream): { applied: Position; incarnation: string | null } => {
    const all = checkpoints.map(({ applied, incarnations }) => ({ applied: applied[stream], incarnation: incarnations[stream] }))
    return all.reduce((a, b) => (covers(a.applied, b.applied) ? b : a))
  }
  const [metrics, events] = [behind('METRICS'), behind('EVENTS')]
  return {
    kind: 'checkpoint',
    token: 0,
    number: 0,
    applied: { METRICS: metrics.applied, EVENTS: events.applied },
    incarnations: { METRICS: metrics.incarnation, EVENTS: events.incarnation },
    time_ms: nowMs,
  }
}

async function adoptOutbox(bus: Bus, lease: Lease, place: ShardPlace, before: number): Promise<void> {
  const bucket: Bucket<StoredOutboxRecord> = await bus.bucket('outbox', outboxBucket)
  const prefix = storePrefix(place)
  const taken = new Set<string>()
  const waiting: { key: string; record: OutboxRecord }[] = []
  for await (const [key, { value }] of bucket.entries()) {
    if (isWithin(key, prefix)) taken.add(key)
    else if (shardsOf(key) === before && value.notification !== null && value.outcome === null) waiting.push({ key, record: value })
  }
  let slot = 0
  for (const { key, record } of waiting.toSorted((a, b) => a.record.order - b.record.order)) {
    if (!ownsHost(place, record.notification.event.host)) continue
    while (taken.has(`${prefix}slot.${slot}`)) slot++
    await bucket.put(`${prefix}slot.${slot++}`, { ...record, token: lease.token }, 0)
    await bucket.delete(key)
  }
}
