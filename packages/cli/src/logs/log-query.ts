import { ConfigError } from '@nightshift/shared/errors'
import type { LogEvent } from '@nightshift/shared/events/log'
import { readWhen } from '../commands/time-flags.ts'

const levels = ['debug', 'info', 'warning', 'error', 'critical'] as const satisfies LogEvent['level'][]

/** Flags of a search, as they were written. */
export interface LogFlags {
  readonly since: string
  readonly until?: string | undefined
  readonly host?: string | undefined
  readonly source?: string | undefined
  readonly level?: string | undefined
  readonly field?: readonly string[] | undefined
  readonly grep?: string | undefined
  readonly limit: string
}

/** What is looked for. */
export interface LogQuery {
  readonly sinceMs: number
  readonly untilMs: number
  readonly host: string | undefined
  readonly source: string | undefined
  /** This and the graver ones. */
  readonly levels: ReadonlySet<LogEvent['level']>
  /** A field, and what it must be; undefined: it must be there. */
  readonly fields: readonly (readonly [name: string, value: string | undefined])[]
  readonly pattern: RegExp | undefined
  readonly limit: number
}

/** Throws ConfigError `usage` that says what to write instead. */
export function parseLogQuery(flags: LogFlags, nowMs: number): LogQuery {
  return {
    sinceMs: readWhen('--since', flags.since, nowMs),
    untilMs: flags.until === undefined ? Number.POSITIVE_INFINITY : readWhen('--until', flags.until, nowMs),
    host: flags.host,
    source: flags.source,
    levels: new Set(levels.slice(parseLevel(flags.level))),
    fields: (flags.field ?? []).map((text) => parseField(text)),
    pattern: flags.grep === undefined ? undefined : parsePattern(flags.grep),
    limit: parseLimit(flags.limit),
  }
}

/** Whether an event is one of those that are looked for; host and source are looked at too, the subject may be wider. */
export function matchesQuery(event: LogEvent, query: LogQuery): boolean {
  const timeMs = Date.parse(event.time)
  if (timeMs < query.sinceMs || timeMs > query.untilMs || !query.levels.has(event.level)) return false
  if (query.host !== undefined && event.host !== query.host) return false
  if (query.source !== undefined && event.log_source !== query.source) return false
  return query.fields.every(([name, value]) => hasField(event, name, value)) && (query.pattern === undefined || says(event, query.pattern))
}

function hasField(event: LogEvent, name: string, wanted: string | undefined): boolean {
  const own = name === 'request_id' ? event.request_id : name === 'fingerprint' ? event.fingerprint : undefined
  const value = Object.hasOwn(event.fields, name) ? event.fields[name] : (own ?? undefined)
  if (value === undefined) return false
  return wanted === undefined || String(value) === wanted || (own !== undefined && own === wanted)
}

function says(event: LogEvent, pattern: RegExp): boolean {
  return pattern.test(event.message) || Object.values(event.fields).some((value) => typeof value === 'string' && pattern.test(value))
}

function parseLevel(text: string | undefined): number {
  if (text === undefined) return 0
  const at = levels.findIndex((level) => level === (text === 'warn' ? 'warning' : text))
  if (at === -1) throw new ConfigError('usage', `--level ${text}: there are ${levels.join(', ')}; it finds this one and the graver ones`)
  return at
}

function parseField(text: string): [string, string | undefined] {
  const at = text.indexOf('=')
  if (at === 0) throw new ConfigError('usage', `--field ${text}: write NAME=VALUE, for example user_id=12345, or only NAME`)
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text, 'i')
  } catch (cause) {
    throw new ConfigError('usage', `--grep ${text}: is no regular expression: ${cause instanceof Error ? cause.message : ''}`, { cause })
  }
}

function parseLimit(text: string): number {
  const limit = Number(text)
  if (!/^\d{1,7}$/.test(text) || limit < 1 || limit > 100_000) {
    throw new ConfigError('usage', `--limit ${text}: write a number from 1 to 100000`)
  }
  return limit
}
