import { isDigit } from './number-text.ts'

const dayMs = 86_400_000
const hourMs = 3_600_000
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
/** Epoch numbers from here on are milliseconds, from 1e14 on microseconds, from 1e17 on nanoseconds. */
const scales = [
  [1e17, 1e-6],
  [1e14, 1e-3],
  [1e11, 1],
] as const

/** Milliseconds since the epoch of a number in seconds, milliseconds, microseconds or nanoseconds; NaN when it is none after 1973. */
export function epochMs(value: number): number {
  if (!(value >= 1e8)) return Number.NaN
  for (const [from, factor] of scales) if (value >= from) return Math.round(value * factor)
  return Math.round(value * 1000)
}

/**
 * `2025-10-21T13:55:36.123Z`, also with a blank for T, slashes in the date, a comma for the dot, an offset, or no zone at all, which is that of this host.
 * NaN when it is something else.
 */
export function parseIsoTime(bytes: Buffer, from: number, to: number): number {
  if (
    to - from < 19 ||
    !isDateSign(bytes[from + 4]) ||
    bytes[from + 7] !== bytes[from + 4] ||
    bytes[from + 13] !== 0x3a ||
    bytes[from + 16] !== 0x3a
  )
    return Number.NaN
  const day = civilDayMs(digits(bytes, from, 4), digits(bytes, from + 5, 2), digits(bytes, from + 8, 2))
  const seconds = digits(bytes, from + 11, 2) * 3600 + digits(bytes, from + 14, 2) * 60 + digits(bytes, from + 17, 2)
  let at = from + 19
  let fraction = 0
  if (at < to && (bytes[at] === 0x2e || bytes[at] === 0x2c)) {
    let weight = 100
    for (at++; at < to && isDigit(bytes[at]); at++) {
      fraction += ((bytes[at] as number) - 0x30) * weight
      weight /= 10
    }
  }
  const wallMs = day + seconds * 1000 + Math.floor(fraction + 1e-6)
  return wallMs - (offsetMs(bytes, at, to) ?? (isUtc(bytes, at, to) ? 0 : ofWallTimes.at(wallMs)))
}

/** `21/Oct/2025:13:55:36 +0900` of access logs; NaN when it is something else. */
export function parseClfTime(bytes: Buffer, from: number, to: number): number {
  if (to - from < 20 || bytes[from + 2] !== 0x2f || bytes[from + 11] !== 0x3a) return Number.NaN
  const month = months.indexOf(bytes.toString('latin1', from + 3, from + 6)) + 1
  if (month === 0) return Number.NaN
  const day = civilDayMs(digits(bytes, from + 7, 4), month, digits(bytes, from, 2))
  const seconds = digits(bytes, from + 12, 2) * 3600 + digits(bytes, from + 15, 2) * 60 + digits(bytes, from + 18, 2)
  return day + seconds * 1000 - (offsetMs(bytes, from + 20, to) ?? 0)
}

/** `Oct 21 13:55:36` of syslog and `21 Oct 2025 13:55:36.123` of Redis, in the time zone of this host; without a year it is that of the receipt or the one before. */
export function parseDayTime(text: string, receivedMs: number): number {
  const match = /^(?:([A-Z][a-z]{2}) {1,2}(\d{1,2})|(\d{1,2}) ([A-Z][a-z]{2}) (\d{4})) (\d\d):(\d\d):(\d\d)(?:\.(\d{3}))?$/.exec(text)
  if (match === null) return Number.NaN
  const month = months.indexOf(match[1] ?? match[4] ?? '')
  if (month === -1) return Number.NaN
  const inYear = (year: number): number =>
    new Date(
      year,
      month,
      Number(match[2] ?? match[3]),
      Number(match[6]),
      Number(match[7]),
      Number(match[8]),
      Number(match[9] ?? 0),
    ).getTime()
  if (match[5] !== undefined) return inYear(Number(match[5]))
  const year = new Date(receivedMs).getFullYear()
  return inYear(year) > receivedMs + dayMs ? inYear(year - 1) : inYear(year)
}

/** Undefined when there is none. */
function offsetMs(bytes: Buffer, from: number, to: number): number | undefined {
  const at = bytes[from] === 0x20 ? from + 1 : from
  const sign = bytes[at] === 0x2b ? 1 : bytes[at] === 0x2d ? -1 : 0
  if (sign === 0 || at + 3 > to || !isDigit(bytes[at + 1])) return undefined
  const minutesAt = bytes[at + 3] === 0x3a ? at + 4 : at + 3
  const minutes = minutesAt + 2 <= to && isDigit(bytes[minutesAt]) ? digits(bytes, minutesAt, 2) : 0
  return sign * (digits(bytes, at + 1, 2) * 60 + minutes) * 60_000
}

/** `Z`, ` UTC`, ` GMT`; PostgreSQL writes the latter behind the time. */
function isUtc(bytes: Buffer, at: number, to: number): boolean {
  if (at < to && (bytes[at] === 0x5a || bytes[at] === 0x7a)) return true
  const zone = bytes[at] === 0x20 ? bytes.toString('latin1', at + 1, at + 4) : ''
  return zone === 'UTC' || zone === 'GMT'
}

/** How far the clocks of this host are ahead of UTC. That changes on the hour, if at all. */
class ZoneOffset {
  #hour = Number.NaN
  #offsetMs = 0

  at(timeMs: number): number {
    const hour = Math.floor(timeMs / hourMs)
    if (hour !== this.#hour && !Number.isNaN(hour)) {
      this.#hour = hour
      this.#offsetMs = -new Date(hour * hourMs).getTimezoneOffset() * 60_000
    }
    return this.#offsetMs
  }
}

const ofWallTimes = new ZoneOffset()
const ofTimes = new ZoneOffset()

/** The hour of the day, by the clock of this host. */
export function hourOfDay(epoch: number): number {
  const hour = Math.floor((epoch + ofTimes.at(epoch)) / hourMs) % 24
  return hour < 0 ? hour + 24 : hour
}

/** NaN unless all of them are digits. */
function digits(bytes: Buffer, from: number, count: number): number {
  let value = 0
  for (let at = from; at < from + count; at++) {
    const byte = bytes[at] as number
    if (!(byte >= 0x30 && byte <= 0x39)) return Number.NaN
    value = value * 10 + byte - 0x30
  }
  return value
}

/** Days of the civil calendar since the epoch, by the algorithm of Howard Hinnant (`days_from_civil`). */
function civilDayMs(year: number, month: number, day: number): number {
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= 31)) return Number.NaN
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return (era * 146_097 + dayOfEra - 719_468) * dayMs
}

function isDateSign(byte: number | undefined): boolean {
  return byte === 0x2d || byte === 0x2f
}
