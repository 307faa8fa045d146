import { z } from 'zod'
import type { BucketSchema } from '@nightshift/shared/bus/bus'
import { maxStates, type History } from './history.ts'

/** More that flap at once are not remembered over a restart. */
export const maxStored = 1000

const historySchema = z.object({
  states: z.array(z.enum(['ok', 'info', 'warning', 'critical'])).max(maxStates),
  time_ms: z.number(),
  event_id: z.string().max(64),
  is_flapping: z.boolean(),
  told_severity: z.enum(['info', 'warning', 'critical']).nullable(),
})

const recordSchema = z.object({
  kind: z.literal('flapping'),
  token: z.int().nonnegative(),
  alerts: z.record(z.string().max(64), historySchema),
})

export interface FlapRecord {
  readonly kind: 'flapping'
  readonly token: number
  /** By fingerprint. */
  readonly alerts: Readonly<Record<string, History>>
}

export const flapKey = 'flapping'

/** The value under `flapping` in the bucket `hosts`: the alerts that flap. What cannot be read is as if nothing did. */
export const flapBucket: BucketSchema<FlapRecord> = {
  version: 1,
  read: (value) => recordSchema.safeParse(value).data ?? { kind: 'flapping', token: 0, alerts: {} },
}
