import { z } from 'zod'
import type { BucketSchema } from '@nightshift/shared/bus/bus'
import { notifyEventSchema, type NotifyEvent } from '@nightshift/shared/events/notify'
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

/** null: what cannot be read is a free place. */
export type StoredOutboxRecord = OutboxRecord | { readonly token: number; readonly notification: null }

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

/** Values of the bucket `outbox`. There is one version so far. */
export const outboxBucket: BucketSchema<StoredOutboxRecord> = {
  version: 1,
  read: (value) => {
    const parsed = recordSchema.safeParse(value)
    return parsed.success ? parsed.data : { token: 0, notification: null }
  },
}
