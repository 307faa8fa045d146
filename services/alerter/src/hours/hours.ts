import { weekdays, type HoursConfig } from './hours-config.ts'

const minuteMs = 60_000
const minutesPerDay = 1440

/** Hours that come again, by the clock on the wall of a time zone: at a change to summer time they are an hour shorter, as people expect. */
export interface Hours {
  contains(epochMs: number): boolean
  /** When the hours at hand end at the latest, milliseconds; only where `contains`. Exact but on the day on which clocks change. */
  endMs(epochMs: number): number
}

interface LocalTime {
  readonly weekday: (typeof weekdays)[number]
  readonly day: number
  readonly lastDay: number
  readonly minute: number
}

/** Compiles hours of the configuration. `zone` counts where they name none. */
export function compileHours(config: HoursConfig, zone: string): Hours {
  const read = localTimeIn(config.timezone ?? zone)
  const [from, to] = [minuteOf(config.from), minuteOf(config.to)]
  const isOvernight = to <= from
  const isDay = ({ weekday, day, lastDay }: LocalTime): boolean =>
    (config.days === undefined || config.days.includes(weekday)) &&
    (config.month_days === undefined || config.month_days.some((wanted) => (wanted > 0 ? wanted : lastDay + 1 + wanted) === day))
  /** The day on which the hours that hold this moment began has to fit; undefined: no hours hold it. */
  const minutesLeft = (epochMs: number): number | undefined => {
    const now = read(epochMs)
    if (!isOvernight) return now.minute >= from && now.minute < to && isDay(now) ? to - now.minute : undefined
    if (now.minute >= from && isDay(now)) return minutesPerDay - now.minute + to
    return now.minute < to && isDay(read(epochMs - (now.minute + 1) * minuteMs)) ? to - now.minute : undefined
  }
  return {
    contains: (epochMs) => minutesLeft(epochMs) !== undefined,
    endMs: (epochMs) => (Math.floor(epochMs / minuteMs) + (minutesLeft(epochMs) ?? 0)) * minuteMs,
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
      weekday: weekdays[new Date(Date.UTC(year, month - 1, day)).getUTCDay()] ?? 'sun',
      day,
      lastDay: new Date(Date.UTC(year, month, 0)).getUTCDate(),
      minute: Number(parts['hour']) * 60 + Number(parts['minute']),
    }
    known = { minute, time }
    return time
  }
}
