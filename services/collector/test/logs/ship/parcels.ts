import { systemClock } from '@nightshift/shared/clock'
import { parcelOf, type DestinationContext, type Parcel } from '../../../src/logs/ship/destination.ts'
import type { LogLevel } from '../../../src/logs/record.ts'
import { keptLog } from '../../kept-log.ts'

export const origin = { host: 'web-1', source: 'collector@web-1' }

/** What a destination is opened with, and what it said. */
export function destinationContext(): DestinationContext & { said: string[] } {
  const { log, lines: said } = keptLog()
  return { origin, source: 'app', clock: systemClock, log, said }
}

/** Lines to ship, numbered from 1. */
export function parcels(count: number, level: LogLevel = 'info', first = 1): Parcel[] {
  return Array.from({ length: count }, (_, index) => {
    const number = first + index
    const timeMs = Date.parse('2026-01-31T23:59:59.000Z') + number
    const fields = { user_id: number, file: '/var/log/app.log' }
    const line = {
      level,
      message: `line ${number}`,
      fingerprint: null,
      timeMs,
      receivedMs: timeMs,
      key: '1-2-abc',
      offset: number * 10,
      fields,
    }
    return parcelOf({ ...line, requestId: `req-${number}` }, origin, 'app')
  })
}
