import { z } from 'zod'
import { alertEventSchema } from '@nightshift/shared/events/alert'
import { ladderSnapshotSchema } from '../escalate/ladder.ts'
import type { Notification } from '../notify/notification.ts'
import { notificationSchema } from '../notify/notification-schema.ts'
import type { Group } from './group.ts'

/** What is stored of a group. */
export interface GroupRecord {
  readonly kind: 'group'
  /** Fencing token of the lease under which it was written. */
  readonly token: number
  readonly group: Group
  /** What was said last, one per channel. After a crash it is put into the outbox again, unless this checkpoint was reached. */
  readonly said: { readonly notifications: readonly Notification[]; readonly checkpoint: number } | null
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
  said: z.object({ notifications: z.array(notificationSchema), checkpoint: count }).nullable(),
})
