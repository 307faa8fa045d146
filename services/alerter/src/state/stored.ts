import { z } from 'zod'
import type { BucketSchema } from '@nightshift/shared/bus/bus'
import { alertEventSchema, type AlertEvent } from '@nightshift/shared/events/alert'
import type { Series } from '../alert/fingerprint.ts'
import type { Life } from '../alert/life.ts'
import { groupRecordSchema, migrateGroupRecord, type GroupRecord } from '../group/group-record.ts'
import type { FollowedStream, Position, Positions } from './position.ts'

/** What is stored of one alert. */
export interface AlertRecord {
  readonly kind: 'alert'
  /** Fencing token of the lease under which it was written. */
  readonly token: number
  readonly series: Series
  readonly life: Life
  /** The last message of each stream that is in it; what comes again is skipped. */
  readonly applied: Positions
  /** What was said last. After a crash it is said again, under the same id, unless this checkpoint was reached. */
  readonly last: { readonly event: AlertEvent; readonly checkpoint: number } | null
}

/** The last transition of a check. What a check is in is known from transitions only: they are never lost. */
export interface HealthRecord {
  readonly kind: 'health'
  readonly token: number
  readonly host: string | null
  readonly check: string
  readonly state: 'ok' | 'failing' | 'unknown' | 'removed'
  readonly time_ms: number
  readonly event_id: string
  readonly correlation_id: string
  readonly consecutive: number
  readonly error: string | null
  /** Ids of the last transitions: one that comes again, from a spool long after, is skipped. */
  readonly recent_ids: readonly string[]
  readonly applied: Position
}

/** How far a shard has come: everything up to here is in the records, and was told. */
export interface Checkpoint {
  readonly kind: 'checkpoint'
  readonly token: number
  /** Counts up; whatever was said before it was made is done with. */
  readonly number: number
  readonly applied: Positions
  /** Which making of each stream that counts in. */
  readonly incarnations: Readonly<Record<FollowedStream, string | null>>
  readonly time_ms: number
}

/** A value that cannot be read is left out, and does not keep the others from being read. */
export interface Unreadable {
  readonly kind: 'unreadable'
  readonly token: number
  readonly problem: string
}

export type Stored = AlertRecord | GroupRecord | HealthRecord | Checkpoint | Unreadable

const severity = z.enum(['info', 'warning', 'critical'])
const text = z.string().max(8192)
const id = z.string().min(1).max(64)
const count = z.int().nonnegative()
const milliseconds = z.number()
const position = z.object({ generation: count, seq: count })
const positions = z.object({ METRICS: position, EVENTS: position })
const token = count
const incarnations = z.object({ METRICS: z.string().nullable(), EVENTS: z.string().nullable() })
const levelProgress = z.object({ since_ms: milliseconds, held_ms: milliseconds }).optional()

const alertRecordSchema = z.object({
  kind: z.literal('alert'),
  token,
  series: z.object({ fingerprint: id, rule: id, watch: text, host: z.string().nullable(), labels: z.record(z.string(), z.string()) }),
  life: z.object({
    phase: z.enum(['ok', 'pending', 'firing']),
    epoch: id,
    epoch_ms: milliseconds,
    announced: z.boolean(),
    severity,
    levels: z.object({ critical: levelProgress, warning: levelProgress, info: levelProgress }),
    failures: count,
    updates: count,
    started_ms: milliseconds,
    kept_since_ms: milliseconds.optional(),
    changed_ms: milliseconds,
    correlation_id: id,
    value: z.number().nullable(),
    detail: text.nullable(),
    runbook: z.string().max(2048).optional(),
  }),
  applied: positions,
  last: z.object({ event: alertEventSchema, checkpoint: count }).nullable(),
})

const healthRecordSchema = z.object({
  kind: z.literal('health'),
  token,
  host: z.string().nullable(),
  check: z.string().max(128),
  state: z.enum(['ok', 'failing', 'unknown', 'removed']),
  time_ms: milliseconds,
  event_id: id,
  correlation_id: id,
  consecutive: count,
  error: text.nullable(),
  recent_ids: z.array(id).max(64),
  applied: position,
})

const checkpointSchema = z.object({
  kind: z.literal('checkpoint'),
  token,
  number: count,
  applied: positions,
  incarnations,
  time_ms: milliseconds,
})

const storedSchema = z.discriminatedUnion('kind', [alertRecordSchema, groupRecordSchema, healthRecordSchema, checkpointSchema])

/** Values of the bucket `alerts`. Since version 2 groups keep what they said once, not once per channel. */
export const storedBucket: BucketSchema<Stored> = {
  version: 2,
  read: (value, version) => {
    const parsed = storedSchema.safeParse(version < 2 ? migrateGroupRecord(value) : value)
    if (parsed.success) return parsed.data as Stored
    const issue = parsed.error.issues[0]
    return { kind: 'unreadable', token: 0, problem: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}` }
  },
}
