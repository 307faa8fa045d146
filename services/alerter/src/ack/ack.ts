import { z } from 'zod'
import type { BucketSchema } from '@nightshift/shared/bus/bus'
import { ContractError } from '@nightshift/shared/errors'

/** Somebody took an alert on: it is neither repeated nor escalated until it is resolved. Stored under its fingerprint. */
export const ackSchema = z.object({
  fingerprint: z.string().min(1).max(64),
  /** The occurrence that was taken on; the next one calls again. */
  epoch: z.string().min(1).max(64),
  actor: z.string().min(1).max(128),
  comment: z.string().max(1000),
  time_ms: z.number(),
  /** It calls again after that; null: when it is resolved and comes back. */
  until_ms: z.number().nullable().default(null),
})

export type Ack = z.infer<typeof ackSchema>

/** Values of the bucket `acks`. There is one version so far. */
export const ackBucket: BucketSchema<Ack> = {
  version: 1,
  read: (value) => {
    const parsed = ackSchema.safeParse(value)
    if (parsed.success) return parsed.data
    throw new ContractError('bad_ack', `a stored acknowledgement cannot be read: ${parsed.error.issues[0]?.message ?? 'invalid'}`)
  },
}

/** What a person asks for: an alert by its fingerprint, or the beginning of one. */
export const ackRequestSchema = z.strictObject({
  alert: z.string().min(4, 'give at least 4 characters of the fingerprint; `nightshift alerts` shows it').max(64),
  actor: z.string().min(1).max(128),
  comment: z.string().max(1000).default(''),
  for_seconds: z
    .number()
    .positive()
    .max(7 * 86_400)
    .optional(),
})

/** What a person asks for who gives an alert back. */
export const unackRequestSchema = ackRequestSchema.pick({ alert: true, actor: true })
