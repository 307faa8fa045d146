import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { BucketSchema } from '@nightshift/shared/bus/bus'
import { newHost, type HostSeen, type Moment } from './host-seen.ts'

const milliseconds = z.number()
const name = z.string().min(1).max(128)

const hostSchema = z.object({
  host: z.string().min(1).max(253),
  since_ms: milliseconds,
  /** Its collector was heard. */
  collector: z.boolean(),
  stopped_ms: milliseconds.nullable(),
  services: z.record(name, z.object({ interval_ms: milliseconds, stopped: z.boolean() })),
  /** When each backup job is due. */
  jobs: z.record(name, milliseconds),
})

export type HostRecord = z.infer<typeof hostSchema>

/** Hosts that are known, a share of them in each page: reading ten thousand one by one would hold up a takeover. */
const pageSchema = z.object({ kind: z.literal('page'), token: z.int().nonnegative(), hosts: z.array(hostSchema).max(20_000) })
/** When somebody watched last. */
const watchedSchema = z.object({
  kind: z.literal('watched'),
  token: z.int().nonnegative(),
  time_ms: milliseconds,
  /** It was ended in good order. */
  is_stopped: z.boolean(),
})

export type PresenceStored =
  | z.infer<typeof pageSchema>
  | z.infer<typeof watchedSchema>
  /** Of somebody else, or damaged: it is left alone. */
  | { readonly kind: 'other'; readonly token: number }

const storedSchema = z.discriminatedUnion('kind', [pageSchema, watchedSchema])

/** Values of the bucket `hosts` under `presence.`. There is one version so far. */
export const presenceBucket: BucketSchema<PresenceStored> = {
  version: 1,
  read: (value) => {
    const parsed = storedSchema.safeParse(value)
    return parsed.success ? parsed.data : { kind: 'other', token: 0 }
  },
}

export const watchedKey = 'presence.watched'
const pages = 64
const pageKey = (number: number): string => `presence.hosts.${number}`
export const pageKeys = Array.from({ length: pages }, (_, number) => pageKey(number))

/** The page of a host. */
export function pageOf(host: string): string {
  const number = (createHash('sha256').update(host).digest()[0] ?? 0) % pages
  return pageKey(number)
}

export function recordOf(entry: HostSeen): HostRecord {
  return {
    host: entry.host,
    since_ms: entry.sinceWallMs,
    collector: entry.hasCollector,
    stopped_ms: entry.stoppedWallMs,
    services: Object.fromEntries(
      [...entry.services].map(([service, { intervalMs, isStopped }]) => [service, { interval_ms: intervalMs, stopped: isStopped }]),
    ),
    jobs: Object.fromEntries([...entry.jobs].map(([job, { dueMs }]) => [job, dueMs])),
  }
}

/** As if everything of it had been heard just now: nobody knows how long it was not. */
export function entryOf(record: HostRecord, at: Moment): HostSeen {
  const services = Object.entries(record.services).map(([service, { interval_ms: intervalMs, stopped }]) => {
    return [service, { heardMs: at.ms, intervalMs, instance: null, isStopped: stopped, isSilent: false }] as const
  })
  return {
    ...newHost(record.host, at),
    sinceWallMs: record.since_ms,
    hasCollector: record.collector,
    stoppedWallMs: record.stopped_ms,
    services: new Map(services),
    jobs: new Map(Object.entries(record.jobs).map(([job, dueMs]) => [job, { dueMs, isLate: false }])),
  }
}
