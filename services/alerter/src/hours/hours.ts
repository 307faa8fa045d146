import { weekdays, type HoursConfig } from './hours-config.ts'

const minuteMs = 60_000
const minutesPerDay = 1440

/** Hours that come again, by the clock on the wall of a time zone: at a change to summer time they are an hour shorter, as people expect. */
export interface Hours {
  contains(epochMs: number): boolean
  /** When the hours at hand end, milliseconds; only where `contains`. Too early where clocks change at that very hour. */
  endMs(epochMs: number): number
}

interface LocalDay {
  readonly weekday: (typeof weekdays)[number]
  readonly day: number
  readonly lastDay: number
}

interface LocalTime {
  readonly minute: number
  readonly today: LocalDay
  readonly yesterday: LocalDay
}

/** Compiles hours of the configuration. `zone` counts where they name none. */
export function compileHours(config: HoursConfig, zone: string): Hours {
  const read = localTimeIn(config.timezone ?? zone)
  const [from, to] = [minuteOf(config.from), minuteOf(config.to)]
  const isOvernight = to <= from
  const isDay = ({ weekday, day, lastDay }: LocalDay): boolean =>
    (config.days === undefined || config.days.includes(weekday)) &&
    (config.month_days === undefined || config.month_days.some((wanted) => (wanted > 0 ? wanted : lastDay + 1 + wanted) === day))
  /** The day on which the hours that hold this moment began has to fit; undefined: no hours hold it. */
  const minutesLeft = (epochMs: number): number | undefined => {
    const { minute, today, yesterday } = read(epochMs)
    if (!isOvernight) return minute >= from && minute < to && isDay(today) ? to - minute : undefined
    if (minute >= from && isDay(today)) return minutesPerDay - minute + to
    return minute < to && isDay(yesterday) ? to - minute : undefined
  }
  let known: { minute: number; endMs: number } | undefined
  const endMs = (epochMs: number): number => {
    const minute = Math.floor(epochMs / minuteMs)
    if (known?.minute === minute) return known.endMs
    const end = minute + (minutesLeft(epochMs) ?? 0)
    // Where clocks change in between, the one on the wall does not show `to` then.
    const late = ((read(end * minuteMs).minute - to + 1.5 * minutesPerDay) % minutesPerDay) - minutesPerDay / 2
    known = { minute, endMs: Math.max(minute + 1, end - late) * minuteMs }
    return known.endMs
  }
  return {
    contains: (epochMs) => minutesLeft(epochMs) !== undefined,
    endMs,
  }
}

function minuteOf(text: string): number {
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3))
}

function localTimeIn(zone: string): (epochMs: number) => LocalTime {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  })
  let known: { minute: number; time: LocalTime } | undefined
  return (epochMs) => {
    const minute = Math.floor(epochMs / minuteMs)
    if (known?.minute === minute) return known.time
    const parts = Object.fromEntries(format.formatToParts(epochMs).map(({ type, value }) => [type, value]))
    const [year, month, day] = [Number(parts['year']), Number(parts['month']), Number(parts['day'])]
    const time: LocalTime = {
      minute: Number(parts['hour']) * 60 + Number(parts['minute']),
      today: dayOf(new Date(Date.UTC(year, month - 1, day))),
      yesterday: dayOf(new Date(Date.UTC(year, month - 1, day - 1))),
    }
    known = { minute, time }
    return time
  }
}

/** `date` is midnight in UTC. */
function dayOf(date: Date): LocalDay {
  return {
    weekday: weekdays[date.getUTCDay()] ?? 'sun',
    day: date.getUTCDate(),
    lastDay: new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate(),
  }
}
