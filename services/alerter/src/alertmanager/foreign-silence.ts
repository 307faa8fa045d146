import { z } from 'zod'
import { isoTime } from '@nightshift/shared/clock'
import type { Matcher } from '../silence/matcher.ts'
import { isActive, type Silence, type SilenceRequest } from '../silence/silence.ts'

/** A matcher as Alertmanager's API writes it: a value is literal, or a regular expression. */
const foreignMatcherSchema = z.object({
  name: z.string(),
  value: z.string(),
  isRegex: z.boolean(),
  isEqual: z.boolean().default(true),
})
type ForeignMatcher = z.infer<typeof foreignMatcherSchema>

export const postedSilenceSchema = z.object({
  id: z.string().max(64).optional(),
  matchers: z.array(foreignMatcherSchema).min(1).max(32),
  startsAt: z.iso.datetime({ offset: true }),
  endsAt: z.iso.datetime({ offset: true }),
  createdBy: z.string().min(1).max(128),
  comment: z.string().max(1000).default(''),
})

/** As our own people ask for one. */
export function requestOf(posted: z.infer<typeof postedSilenceSchema>): Partial<SilenceRequest> {
  const { matchers, startsAt, endsAt, createdBy: creator, comment } = posted
  return {
    matchers: matchers.map(ownMatcher),
    start_time: isoTime(Date.parse(startsAt)),
    end_time: isoTime(Date.parse(endsAt)),
    creator,
    comment,
  }
}

/** Our `=` takes patterns: what would be one there is written as an expression. */
export function ownMatcher({ name, value, isRegex, isEqual }: ForeignMatcher): Matcher {
  const isPlain = !isRegex && !/[*?]/.test(value)
  if (isPlain) return { name, op: isEqual ? '=' : '!=', value }
  return { name, op: isEqual ? '=~' : '!~', value: isRegex ? value : escaped(value) }
}

function foreignMatcher({ name, op, value }: Matcher): ForeignMatcher {
  const isEqual = op === '=' || op === '=~'
  if (op.endsWith('~')) return { name, value, isRegex: true, isEqual }
  const isPattern = /[*?]/.test(value)
  const expression = escaped(value).replaceAll('\\*', '.*').replaceAll('\\?', '.')
  return { name, value: isPattern ? expression : value, isRegex: isPattern, isEqual }
}

/** A silence as Alertmanager's API answers it. */
export function foreignSilence(silence: Silence, nowMs: number): object {
  const { id, matchers, start_ms: startMs, end_ms: endMs, created_ms: createdMs, creator, comment } = silence
  return {
    id,
    status: { state: isActive(silence, nowMs) ? 'active' : startMs > nowMs ? 'pending' : 'expired' },
    updatedAt: isoTime(endMs <= nowMs ? endMs : createdMs),
    startsAt: isoTime(startMs),
    endsAt: isoTime(endMs),
    createdBy: creator,
    comment,
    matchers: matchers.map(foreignMatcher),
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
