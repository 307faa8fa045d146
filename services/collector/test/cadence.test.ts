import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { comparableInterval, nextTick } from '../src/cadence.ts'

describe('ticks', () => {
  test('follow one another at the cadence when each is served in time', () => {
    expect(nextTick(100, 1000, 1100, 1103)).toEqual({ dueMs: 2100, skipped: 0 })
  })

  test('that are missed are skipped and counted, and the grid stays where it was', () => {
    expect(nextTick(100, 1000, 1100, 4350)).toEqual({ dueMs: 5100, skipped: 3 })
  })

  test('are not served twice when the timer fires a little early', () => {
    expect(nextTick(100, 1000, 1100, 1099.4)).toEqual({ dueMs: 2100, skipped: 0 })
  })

  test('always lie ahead, on the grid, and never more than one cadence away', () => {
    const cadence = fc.integer({ min: 250, max: 3_600_000 })
    const origin = fc.double({ min: 0, max: 1e9, noNaN: true })
    fc.assert(
      fc.property(origin, cadence, fc.nat(10_000), fc.double({ min: -1, max: 1e7, noNaN: true }), (originMs, everyMs, count, lateMs) => {
        const dueMs = originMs + count * everyMs
        const next = nextTick(originMs, everyMs, dueMs, dueMs + lateMs)
        expect(next.dueMs).toBeGreaterThan(dueMs + everyMs / 2)
        expect(next.dueMs - Math.max(dueMs, dueMs + lateMs)).toBeLessThanOrEqual(everyMs + 0.01)
        expect(next.skipped).toBe(Math.round((next.dueMs - dueMs) / everyMs) - 1)
      }),
    )
  })
})

describe('the interval between two looks', () => {
  test('is what the clock measured', () => {
    expect(comparableInterval(1000, 2003, 1000)).toBe(1.003)
  })

  test.each([
    ['before the second look', undefined, 5000],
    ['after the machine slept', 1000, 4001],
    ['when no time passed', 1000, 1000],
  ])('is none %s', (_, lastMs, nowMs) => {
    expect(comparableInterval(lastMs, nowMs, 1000)).toBeNull()
  })
})
