import { z } from 'zod'
import type { BucketSchema } from '@nightshift/shared/bus/bus'
import { ContractError } from '@nightshift/shared/errors'
import type { PostedAlert } from './posted-alert.ts'

/** An alert that another program told us of, under its fingerprint. */
const receivedSchema = z.object({
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  generator_url: z.string(),
  /** By the clock of the sender; of the earliest, when there are several. */
  starts_ms: z.number(),
  /** It is over when this passes. */
  ends_ms: z.number(),
  /** Whether a sender said when it ends; else it ends some time after it was last sent. */
  is_end_said: z.boolean(),
  /** By our clock: since when it has been sent without a break. */
  since_ms: z.number(),
  updated_ms: z.number(),
})

export type Received = z.infer<typeof receivedSchema>

/** Values of the bucket `received`. There is one version so far. */
export const receivedBucket: BucketSchema<Received> = {
  version: 1,
  read: (value) => {
    const parsed = receivedSchema.safeParse(value)
    if (parsed.success) return parsed.data
    throw new ContractError(
      'bad_received',
      `a stored alert of another program cannot be read: ${parsed.error.issues[0]?.message ?? 'invalid'}`,
    )
  },
}

/** As Alertmanager: an alert that is sent without an end is over when it was not sent again for so long. */
const resolveTimeoutMs = 5 * 60_000

/**
 * What is known of an alert after it was sent once more: the earliest start and the newest words win, and an end that was said wins over
 * one that was not. undefined when there is nothing to keep. Pure.
 */
export function merge(known: Received | undefined, posted: PostedAlert, nowMs: number): Received | undefined {
  const isOver = posted.endsMs !== undefined && posted.endsMs <= nowMs
  const current = known !== undefined && known.ends_ms > nowMs ? known : undefined
  if (isOver && current === undefined) return undefined
  const { labels, annotations, generatorUrl } = posted
  const timeoutMs = nowMs + resolveTimeoutMs
  return {
    labels,
    annotations,
    generator_url: generatorUrl,
    starts_ms: Math.min(posted.startsMs ?? nowMs, current?.starts_ms ?? Number.POSITIVE_INFINITY),
    ends_ms: posted.endsMs ?? (current?.is_end_said === true ? Math.max(current.ends_ms, timeoutMs) : timeoutMs),
    is_end_said: posted.endsMs !== undefined,
    since_ms: current?.since_ms ?? nowMs,
    updated_ms: nowMs,
  }
}
