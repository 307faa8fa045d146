import { weekdays } from '../../hours/hours-config.ts'

/** Zones differ by quarters of an hour, so within one the answer is the same. */
const quarterMs = 900_000

export const hoursPerWeek = 168

/** Which hour of the week it is by the clock on the wall of a zone: 0 is Sunday from midnight, 167 Saturday from 23:00. */
export function hourOfWeekIn(zone: string): (epochMs: number) => number {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', weekday: 'short', hour: '2-digit' })
  let known = { quarter: Number.NaN, hour: 0 }
  return (epochMs) => {
    const quarter = Math.floor(epochMs / quarterMs)
    if (known.quarter !== quarter) {
      const parts = Object.fromEntries(format.formatToParts(quarter * quarterMs).map(({ type, value }) => [type, value]))
      const day = weekdays.findIndex((name) => name === parts['weekday']?.toLowerCase())
      known = { quarter, hour: day * 24 + Number(parts['hour']) }
    }
    return known.hour
  }
}
