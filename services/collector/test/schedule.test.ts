import fc from 'fast-check'
import { expect, test } from 'vitest'
import { firstDelayMs, slotAfter, timeoutOf } from '../src/schedule.ts'

test('the first run comes within the cadence and within 10 seconds, always after the same delay', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.integer({ min: 250, max: 3_600_000 }), (host, check, everyMs) => {
      const delayMs = firstDelayMs(host, check, everyMs)
      expect(delayMs).toBeGreaterThanOrEqual(0)
      expect(delayMs).toBeLessThan(Math.min(everyMs, 10_000))
      expect(firstDelayMs(host, check, everyMs)).toBe(delayMs)
    }),
  )
})

test('a hundred hosts do not ask one server in one moment', () => {
  const delays = Array.from({ length: 100 }, (_, index) => firstDelayMs(`web-${index}`, 'api', 10_000))
  const perSecond = Array.from({ length: 10 }, (_, second) => delays.filter((delay) => Math.floor(delay / 1000) === second).length)
  expect(Math.max(...perSecond)).toBeLessThan(30)
})

test('checks of one cadence begin together, in one of twenty moments that are at most half a second apart', () => {
  const starts = (everyMs: number) =>
    new Set(Array.from({ length: 200 }, (_, index) => slotAfter(1234.5 + firstDelayMs('web-1', `check-${index}`, everyMs), everyMs)))
  expect(starts(10_000).size).toBeLessThanOrEqual(21)
  expect(starts(1000).size).toBeLessThanOrEqual(21)
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.integer({ min: 250, max: 3_600_000 }), (atMs, everyMs) => {
      const waitMs = slotAfter(atMs, everyMs) - atMs
      expect(waitMs).toBeGreaterThanOrEqual(-1e-6)
      expect(waitMs).toBeLessThan(Math.min(500, everyMs / 20) + 1e-6)
    }),
  )
})

test('a timeout that is not given is 5 s, or the cadence when that is shorter', () => {
  expect([timeoutOf({ every: 10_000 }), timeoutOf({ every: 1000 }), timeoutOf({ every: 1000, timeout: 3000 })]).toEqual([5000, 1000, 3000])
})
