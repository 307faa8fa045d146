import { parseDuration } from '@nightshift/shared/config/scalars'
import { ConfigError } from '@nightshift/shared/errors'

/** A length of time of a flag, `--for 2h`, in milliseconds; never 0. Throws ConfigError `usage`. */
export function readDuration(flag: string, text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms === 0) throw new ConfigError('usage', `${flag} ${text}: write how long, for example 30m or 6h`)
  return ms
}

/** A moment of a flag: so long ago, or a time. Milliseconds since the epoch. Throws ConfigError `usage`. */
export function readWhen(flag: string, text: string, nowMs: number): number {
  const agoMs = parseDuration(text)
  const ms = agoMs === undefined ? Date.parse(text) : nowMs - agoMs
  if (Number.isNaN(ms)) throw new ConfigError('usage', `${flag} ${text}: write how long ago, like 6h, or a time, like 2026-01-31T12:00:00Z`)
  return ms
}
