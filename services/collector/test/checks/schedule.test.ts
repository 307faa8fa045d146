import fc from 'fast-check'
import { expect, test } from 'vitest'
import { firstDelayMs, timeoutOf } from '../../src/checks/schedule.ts'

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

test('a timeout that is not given is 5 s, or the cadence when that is shorter', () => {
  expect([timeoutOf({ every: 10_000 }), timeoutOf({ every: 1000 }), timeoutOf({ every: 1000, timeout: 3000 })]).toEqual([5000, 1000, 3000])
})
