/** The periods that an instant lies in, each as a number that is the same for all of the period and for no other. */
export interface Calendar {
  readonly hourly: number
  readonly daily: number
  /** ISO weeks: Monday to Sunday, of the year in which their Thursday lies. */
  readonly weekly: number
  readonly monthly: number
  readonly yearly: number
}

const dayMs = 86_400_000
const formats = new Map<string, Intl.DateTimeFormat>()

export function calendar(timeMs: number, timezone: string): Calendar {
  const [year, month, day, hour] = timezone === 'UTC' ? utcParts(timeMs) : localParts(timeMs, timezone)
  return {
    hourly: ((year * 100 + month) * 100 + day) * 100 + hour,
    daily: (year * 100 + month) * 100 + day,
    weekly: isoWeek(year, month, day),
    monthly: year * 100 + month,
    yearly: year,
  }
}

type Parts = readonly [year: number, month: number, day: number, hour: number]

function utcParts(timeMs: number): Parts {
  const date = new Date(timeMs)
  return [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCHours()]
}

function localParts(timeMs: number, timezone: string): Parts {
  let format = formats.get(timezone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en', {
      timeZone: timezone,
      calendar: 'gregory',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      hourCycle: 'h23',
    })
    formats.set(timezone, format)
  }
  const parts = new Map(format.formatToParts(timeMs).map(({ type, value }) => [type, Number(value)]))
  return [parts.get('year') ?? 0, parts.get('month') ?? 0, parts.get('day') ?? 0, parts.get('hour') ?? 0]
}

function isoWeek(year: number, month: number, day: number): number {
  const midnightMs = Date.UTC(year, month - 1, day)
  const weekday = (new Date(midnightMs).getUTCDay() + 6) % 7
  const thursdayMs = midnightMs + (3 - weekday) * dayMs
  const weekYear = new Date(thursdayMs).getUTCFullYear()
  return weekYear * 100 + 1 + Math.floor((thursdayMs - Date.UTC(weekYear, 0, 1)) / (7 * dayMs))
}
