import { z } from 'zod'
import type { BucketSchema } from '@nightshift/shared/bus/bus'
import { notifyEventSchema, type NotifyEvent } from '@nightshift/shared/events/notify'
import type { ChannelMemory } from '../channels/channel.ts'
import type { Notification } from './notification.ts'
import { notificationSchema } from './notification-schema.ts'

/** A notification on its way, as it is stored. */
export interface OutboxRecord {
  readonly token: number
  readonly notification: Notification
  /** Grows; notifications about one group go out in this order. */
  readonly order: number
  readonly created_ms: number
  /** Attempts that failed. */
  readonly attempts: number
  readonly next_ms: number
  /** What became of it; null while it waits. */
  readonly outcome: NotifyEvent | null
  /** Once this checkpoint is reached and there is an outcome, nobody asks for it any more, and its place can be used again. */
  readonly checkpoint: number
}

/** What a channel keeps in mind of an incident: stored beside the notifications, under a key of its own. */
export interface MemoryRecord {
  readonly token: number
  readonly notification: null
  readonly channel: string
  readonly group: string
  readonly incident: string
  readonly memory: ChannelMemory
  readonly time_ms: number
}

/** null alone: what cannot be read is a free place. */
export type StoredOutboxRecord = OutboxRecord | MemoryRecord | { readonly token: number; readonly notification: null }

const recordSchema = z.object({
  token: z.int().nonnegative(),
  notification: notificationSchema,
  order: z.int().nonnegative(),
  created_ms: z.number(),
  attempts: z.int().nonnegative(),
  next_ms: z.number(),
  outcome: notifyEventSchema.nullable(),
  checkpoint: z.int().nonnegative(),
})

const memorySchema = z.object({
  token: z.int().nonnegative(),
  notification: z.null(),
  channel: z.string().min(1).max(63),
  group: z.string().min(1).max(64),
  incident: z.string().min(1).max(64),
  memory: z.record(z.string().max(64), z.string().max(1024)),
  time_ms: z.number(),
})

const storedSchema = z.union([recordSchema, memorySchema])

/** Values of the bucket `outbox`. There is one version so far. */
export const outboxBucket: BucketSchema<StoredOutboxRecord> = {
  version: 1,
  read: (value) => {
    const parsed = storedSchema.safeParse(value)
    return parsed.success ? parsed.data : { token: 0, notification: null }
  },
}
