import { z } from 'zod'
import type { BucketSchema } from '@nightshift/shared/bus/bus'
import { ContractError } from '@nightshift/shared/errors'
import { matcherSchema, matchesAnything } from './matcher.ts'

const maxLengthMs = 366 * 86_400_000

/** Alerts that nobody wants to hear of for a while. Kept for a day after its end, so that people see what was silenced. */
export const silenceSchema = z.object({
  id: z.string().min(1).max(64),
  /** All must match. */
  matchers: z.array(matcherSchema).min(1).max(32),
  start_ms: z.number(),
  end_ms: z.number(),
  created_ms: z.number(),
  creator: z.string().min(1).max(128),
  comment: z.string().max(1000),
  /** Ends by itself when everything that it silences is resolved. */
  until_resolved: z.boolean(),
})

export type Silence = z.infer<typeof silenceSchema>

/** Values of the bucket `silences`. There is one version so far. */
export const silenceBucket: BucketSchema<Silence> = {
  version: 1,
  read: (value) => {
    const parsed = silenceSchema.safeParse(value)
    if (parsed.success) return parsed.data
    throw new ContractError('bad_silence', `a stored silence cannot be read: ${parsed.error.issues[0]?.message ?? 'invalid'}`)
  },
}

/** What a person asks for. */
export const silenceRequestSchema = z
  .strictObject({
    matchers: z.array(matcherSchema).min(1, 'say what to silence: {"matchers": [{"name": "host", "op": "=", "value": "db-*"}]}').max(32),
    start_time: z.iso.datetime().optional(),
    end_time: z.iso.datetime().optional(),
    duration_seconds: z.number().positive().optional(),
    creator: z.string().min(1).max(128),
    comment: z.string().max(1000).default(''),
    until_resolved: z.boolean().default(false),
  })
  .refine(({ matchers }) => !matchers.every(matchesAnything), 'this would silence everything; name a host or a rule')

export type SilenceRequest = z.infer<typeof silenceRequestSchema>

/** The silence that was asked for. Throws ContractError `bad_silence` when its times make no sense. */
export function silenceOf(request: SilenceRequest, id: string, nowMs: number): Silence {
  const { matchers, creator, comment, until_resolved: untilResolved } = request
  const startMs = request.start_time === undefined ? nowMs : Date.parse(request.start_time)
  const endMs = request.end_time === undefined ? startMs + (request.duration_seconds ?? 0) * 1000 : Date.parse(request.end_time)
  if (request.end_time === undefined && request.duration_seconds === undefined)
    throw new ContractError('bad_silence', 'say for how long: duration_seconds or end_time')
  if (endMs <= Math.max(startMs, nowMs)) throw new ContractError('bad_silence', 'it would end before it begins; give a later end_time')
  if (endMs - startMs > maxLengthMs) throw new ContractError('bad_silence', 'is longer than a year; change the rule instead')
  return { id, matchers, start_ms: startMs, end_ms: endMs, created_ms: nowMs, creator, comment, until_resolved: untilResolved }
}

export function isActive(silence: Silence, nowMs: number): boolean {
  return silence.start_ms <= nowMs && nowMs < silence.end_ms
}
