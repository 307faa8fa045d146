import { z } from 'zod'
import { alertEventSchema } from '@nightshift/shared/events/alert'
import { ladderSnapshotSchema } from '../escalate/ladder.ts'
import { messageSchema, notificationSchema } from '../notify/notification-schema.ts'
import type { Group, Message } from './group.ts'

/** What is stored of a group. */
export interface GroupRecord {
  readonly kind: 'group'
  /** Fencing token of the lease under which it was written. */
  readonly token: number
  readonly group: Group
  /** What was said last, and on which channels. After a crash it is put into the outbox again, unless this checkpoint was reached. */
  readonly said: { readonly message: Message; readonly channels: readonly string[]; readonly checkpoint: number } | null
}

const severity = z.enum(['info', 'warning', 'critical'])
const id = z.string().min(1).max(64)
const milliseconds = z.number()
const count = z.int().nonnegative()

const memberSchema = z.object({
  event: alertEventSchema,
  told: z.object({ phase: z.enum(['firing', 'resolved']), severity, epoch: id }).nullable(),
  news_ms: milliseconds.nullable(),
  left: z.boolean().default(false),
  acked_ms: milliseconds.nullable().default(null),
})

const groupSchema = z.object({
  id,
  route: z.string().max(128),
  labels: z.record(z.string(), z.string()),
  named_channels: z.array(z.string()).nullable(),
  members: z.record(z.string(), memberSchema),
  incident: z.object({ id, opened_ms: milliseconds, worst: severity, ladder: ladderSnapshotSchema.nullable().default(null) }).nullable(),
  seq: count,
  told_ms: milliseconds.nullable(),
  told_channels: z.array(z.string()),
  acked: z.object({ actor: z.string(), time_ms: milliseconds, until_ms: milliseconds.nullable() }).nullable(),
  escalated: count,
})

export const groupRecordSchema = z.object({
  kind: z.literal('group'),
  token: count,
  group: groupSchema,
  said: z.object({ message: messageSchema, channels: z.array(z.string().min(1).max(63)), checkpoint: count }).nullable(),
})

/** Version 1 kept what was said once for each channel: with many channels that was more than a value of the store takes. */
const saidBefore = z.looseObject({
  kind: z.literal('group'),
  said: z.object({ notifications: z.array(notificationSchema).min(1), checkpoint: count }),
})

/** A stored value of version 1 as it is stored now; any other as it is. */
export function migrateGroupRecord(value: unknown): unknown {
  const parsed = saidBefore.safeParse(value)
  if (!parsed.success) return value
  const { notifications, checkpoint } = parsed.data.said
  return { ...parsed.data, said: { message: notifications[0]?.message, channels: notifications.map(({ channel }) => channel), checkpoint } }
}
