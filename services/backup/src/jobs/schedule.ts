import { createHash } from 'node:crypto'
import { Cron } from 'croner'

/** A part of the day, in minutes since midnight; it may go over midnight. */
export interface DayWindow {
  readonly fromMinute: number
  readonly toMinute: number
}

/** When a job goes by itself. */
export interface ScheduleTerms {
  /** Cron expressions of five fields; none: only on change or on request. */
  readonly crons: readonly string[]
  /** IANA name. */
  readonly timezone: string
  /** How much later than its slot the job may go, so that hosts do not go at once. */
  readonly jitterMs: number
  /** Whether a run that was missed (the host slept, the service was down) is made good, once. */
  readonly catchUp: boolean
  readonly window: DayWindow | null
}

/** What of the past counts for when a job is due. */
export interface ScheduleMarks {
  /** When the job was first seen, or its newest snapshot was made; slots before do not count. */
  readonly sinceMs: number
  /** When the last scheduled run was started. */
  readonly slotMs: number | null
  /** When a failed run is tried again. */
  readonly retryMs: number | null
}

/** A slot that is missed by less is not missed but late. */
export const lateMs = 300_000

/** The first slot after a time; null when there is none. Pure, in wall time of the zone: a slot in the hour that is left out goes after it, one in the hour that comes twice goes once. */
export function nextSlot(terms: Pick<ScheduleTerms, 'crons' | 'timezone'>, afterMs: number): number | null {
  const slots = terms.crons.flatMap((cron) => {
    const next = new Cron(cron, { paused: true, timezone: terms.timezone }).nextRun(new Date(afterMs))
    return next === null ? [] : [next.getTime()]
  })
  return slots.length === 0 ? null : Math.min(...slots)
}

/**
 * When the job is due next; in the past when it is overdue, null when nothing is planned. `spread` (0 to 1) is its share of the jitter. Missed
 * slots are made good by one run.
 */
export function dueMs(terms: ScheduleTerms, marks: ScheduleMarks, spread: number, nowMs: number): number | null {
  if (marks.retryMs !== null) return intoWindow(marks.retryMs, terms)
  // A mark in the future was set by a clock that was wrong.
  const baseMs = Math.min(Math.max(marks.sinceMs, marks.slotMs ?? 0), nowMs)
  const slot = nextSlot(terms, baseMs)
  if (slot === null) return null
  const offsetMs = Math.round(terms.jitterMs * spread)
  const isMissed = slot + offsetMs + lateMs < nowMs
  const chosen = isMissed && !terms.catchUp ? nextSlot(terms, nowMs) : slot
  return chosen === null ? null : intoWindow(chosen + offsetMs, terms, isMissed && terms.catchUp ? nowMs : undefined)
}

/** Moves a time to when the window opens next; what is overdue is judged by `nowMs`. */
export function intoWindow(atMs: number, { window, timezone }: Pick<ScheduleTerms, 'window' | 'timezone'>, nowMs: number = atMs): number {
  if (window === null) return atMs
  const judgedMs = Math.max(atMs, nowMs)
  if (isOpen(window, minuteOfDay(judgedMs, timezone))) return atMs
  const opens = `${window.fromMinute % 60} ${Math.floor(window.fromMinute / 60)} * * *`
  return nextSlot({ crons: [opens], timezone }, judgedMs) ?? atMs
}

function isOpen({ fromMinute, toMinute }: DayWindow, minute: number): boolean {
  return fromMinute <= toMinute ? minute >= fromMinute && minute < toMinute : minute >= fromMinute || minute < toMinute
}

function minuteOfDay(ms: number, timezone: string): number {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(ms)
  const part = (type: string): number => Number(parts.find((each) => each.type === type)?.value ?? 0)
  return part('hour') * 60 + part('minute')
}

/** The longest time between two of the next slots, in milliseconds; null without a schedule. How old the newest snapshot can get when all goes well. */
export function longestGapMs(terms: Pick<ScheduleTerms, 'crons' | 'timezone'>, fromMs: number): number | null {
  let last = nextSlot(terms, fromMs)
  if (last === null) return null
  let longest = 0
  for (let looked = 0; looked < slotsLookedAt; looked++) {
    const next = nextSlot(terms, last)
    if (next === null) break
    longest = Math.max(longest, next - last)
    last = next
  }
  return longest === 0 ? null : longest
}

const slotsLookedAt = 14

/** The share of the jitter that a job of a host always has, 0 to 1. */
export function spreadOf(host: string, job: string): number {
  return createHash('sha256').update(`${host}\u0000${job}`).digest().readUInt32BE(0) / 2 ** 32
}

/** `22:30` in minutes since midnight; undefined when it is no time of day. */
export function parseMinute(text: string): number | undefined {
  const match = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text)
  return match === null ? undefined : Number(match[1]) * 60 + Number(match[2])
}
