import { expect, test } from 'vitest'
import { parcelOf } from '../../../src/logs/ship/destination.ts'
import { origin } from './parcels.ts'

const receivedMs = Date.parse('2026-01-31T12:00:00.000Z')
const line = {
  level: 'info',
  message: 'm',
  fingerprint: null,
  timeMs: 1_769_000_000_000,
  receivedMs,
  key: '1-2-abc',
  offset: 10,
  fields: {},
} as const

test('a line that is read again has the same id, and no other line has it', () => {
  const { id } = parcelOf(line, origin, 'app')
  expect(parcelOf({ ...line, receivedMs: receivedMs + 60_000 }, origin, 'app').id).toBe(id)
  const others = [
    parcelOf({ ...line, offset: 11 }, origin, 'app'),
    parcelOf({ ...line, key: '1-3-abc' }, origin, 'app'),
    parcelOf(line, origin, 'web'),
    parcelOf(line, { ...origin, host: 'web-2' }, 'app'),
  ]
  expect(new Set([id, ...others.map((other) => other.id)]).size).toBe(5)
})

test('a line without a time has the time of its receipt, and on the same day the same id', () => {
  const untimed = { ...line, timeMs: null }
  const parcel = parcelOf(untimed, origin, 'app')
  expect(parcel.timeMs).toBe(receivedMs)
  expect(parcelOf({ ...untimed, receivedMs: receivedMs + 60_000 }, origin, 'app').id).toBe(parcel.id)
})
