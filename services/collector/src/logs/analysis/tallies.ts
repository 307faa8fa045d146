import { levels } from './level.ts'
import { hourOfDay } from './bytes/time-text.ts'

const hours = 24
const statusClasses = 5

/** Everything that is a plain sum. */
export interface Totals {
  lines: number
  bytes: number
  unparsed: number
  stackLines: number
  events: number
  errors: number
  requests: number
  requestErrors: number
  responseBytes: number
  slow: number
  authFailures: number
  authBursts: number
  masked: number
  errorGroupsOverflow: number
  endpointsOverflow: number
}

export interface SavedTallies {
  readonly totals: Totals
  readonly levels: readonly number[]
  readonly statuses: readonly number[]
  readonly hourLines: readonly number[]
  readonly hourErrors: readonly number[]
  readonly hourRequests: readonly number[]
}

export const noTotals: Readonly<Totals> = {
  lines: 0,
  bytes: 0,
  unparsed: 0,
  stackLines: 0,
  events: 0,
  errors: 0,
  requests: 0,
  requestErrors: 0,
  responseBytes: 0,
  slow: 0,
  authFailures: 0,
  authBursts: 0,
  masked: 0,
  errorGroupsOverflow: 0,
  endpointsOverflow: 0,
}

/** Counters that only grow, over restarts too. */
export class Tallies {
  readonly totals: Totals
  readonly levels: number[]
  readonly statuses: number[]
  readonly hourLines: number[]
  readonly hourErrors: number[]
  readonly hourRequests: number[]

  constructor(saved: SavedTallies | undefined) {
    const take = (values: readonly number[] | undefined, count: number): number[] =>
      Array.from({ length: count }, (_, index) => values?.[index] ?? 0)
    this.totals = { ...noTotals, ...saved?.totals }
    this.levels = take(saved?.levels, levels.length)
    this.statuses = take(saved?.statuses, statusClasses)
    this.hourLines = take(saved?.hourLines, hours)
    this.hourErrors = take(saved?.hourErrors, hours)
    this.hourRequests = take(saved?.hourRequests, hours)
  }

  addEvent(level: number, isError: boolean, timeMs: number): void {
    this.totals.events++
    increment(this.levels, level)
    const hour = hourOfDay(timeMs)
    increment(this.hourLines, hour)
    if (!isError) return
    this.totals.errors++
    increment(this.hourErrors, hour)
  }

  addRequest(status: number, responseBytes: number, timeMs: number): void {
    this.totals.requests++
    this.totals.responseBytes += responseBytes
    if (status >= 100 && status < 600) increment(this.statuses, Math.floor(status / 100) - 1)
    if (status >= 500) this.totals.requestErrors++
    increment(this.hourRequests, hourOfDay(timeMs))
  }

  save(): SavedTallies {
    const { totals, levels, statuses, hourLines, hourErrors, hourRequests } = this
    return {
      totals: { ...totals },
      levels: [...levels],
      statuses: [...statuses],
      hourLines: [...hourLines],
      hourErrors: [...hourErrors],
      hourRequests: [...hourRequests],
    }
  }
}

function increment(counts: number[], index: number): void {
  counts[index] = (counts[index] ?? 0) + 1
}
