import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { dueMs, intoWindow, longestGapMs, nextSlot, parseMinute, spreadOf, type ScheduleTerms } from '../../src/jobs/schedule.ts'

const at = (text: string): number => Date.parse(text)
const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())
const berlin: ScheduleTerms = { crons: ['30 2 * * *'], timezone: 'Europe/Berlin', jitterMs: 0, catchUp: true, window: null }
const fresh = { sinceMs: 0, slotMs: null, retryMs: null }
const hourMs = 3_600_000

describe('the next slot', () => {
  it('is meant in the time of the zone', () => {
    expect(iso(nextSlot({ crons: ['0 2 * * *'], timezone: 'Asia/Seoul' }, at('2026-11-21T10:00:00Z')))).toBe('2026-11-21T17:00:00.000Z')
    expect(iso(nextSlot(berlin, at('2026-07-01T10:00:00Z')))).toBe('2026-07-02T00:30:00.000Z')
    expect(iso(nextSlot(berlin, at('2026-12-01T10:00:00Z')))).toBe('2026-12-02T01:30:00.000Z')
  })

  it('is there once on the day whose hour is left out, and once on the day whose hour comes twice', () => {
    const slotsOf = (from: string, to: string): (string | null)[] => {
      const found: (string | null)[] = []
      for (let slot = nextSlot(berlin, at(from)); slot !== null && slot < at(to); slot = nextSlot(berlin, slot)) found.push(iso(slot))
      return found
    }
    expect(slotsOf('2026-03-28T22:00:00Z', '2026-03-29T22:00:00Z')).toHaveLength(1)
    expect(slotsOf('2026-10-24T22:00:00Z', '2026-10-25T22:00:00Z')).toHaveLength(1)
  })

  it('is the first of several expressions', () => {
    const terms = { crons: ['0 4 1 * *', '0 3 * * 0'], timezone: 'UTC' }
    expect(iso(nextSlot(terms, at('2026-11-21T10:00:00Z')))).toBe('2026-11-22T03:00:00.000Z')
  })

  it('lies after the time it is asked for, for any time', () => {
    fc.assert(
      fc.property(fc.integer({ min: at('2020-01-01T00:00:00Z'), max: at('2035-01-01T00:00:00Z') }), (ms) => {
        const slot = nextSlot(berlin, ms)
        expect(slot).not.toBeNull()
        expect((slot ?? 0) - ms).toBeGreaterThan(0)
        expect((slot ?? 0) - ms).toBeLessThanOrEqual(25 * hourMs)
      }),
      { numRuns: 200 },
    )
  })
})

describe('a job is due', () => {
  const daily: ScheduleTerms = { ...berlin, crons: ['0 2 * * *'], timezone: 'UTC' }
  const seen = { ...fresh, sinceMs: at('2026-11-18T12:00:00Z') }

  it('at its first slot after it was first seen', () => {
    expect(iso(dueMs(daily, seen, 0, at('2026-11-18T13:00:00Z')))).toBe('2026-11-19T02:00:00.000Z')
  })

  it('since the first slot it missed, and after the run that made it good at the next one', () => {
    const now = at('2026-11-21T09:00:00Z')
    expect(iso(dueMs(daily, seen, 0, now))).toBe('2026-11-19T02:00:00.000Z')
    expect(iso(dueMs(daily, { ...seen, slotMs: now }, 0, now + 1))).toBe('2026-11-22T02:00:00.000Z')
  })

  it('only at the next slot when missed ones are not made good, but a slot that is a little late counts', () => {
    const terms = { ...daily, catchUp: false }
    expect(iso(dueMs(terms, seen, 0, at('2026-11-21T09:00:00Z')))).toBe('2026-11-22T02:00:00.000Z')
    expect(iso(dueMs(terms, seen, 0, at('2026-11-19T02:03:00Z')))).toBe('2026-11-19T02:00:00.000Z')
  })

  it('later by its share of the jitter, the same each time', () => {
    const terms = { ...daily, jitterMs: hourMs }
    const share = spreadOf('web-1', 'db')
    expect(share).toBe(spreadOf('web-1', 'db'))
    expect(share).not.toBe(spreadOf('web-2', 'db'))
    expect(dueMs(terms, seen, share, seen.sinceMs)).toBe(at('2026-11-19T02:00:00Z') + Math.round(share * hourMs))
  })

  it('again at the time of its retry', () => {
    expect(dueMs(daily, { ...seen, retryMs: 4711 }, 0, at('2026-11-21T09:00:00Z'))).toBe(4711)
  })

  it('never without a schedule', () => {
    expect(dueMs({ ...daily, crons: [] }, seen, 0, at('2026-11-21T09:00:00Z'))).toBeNull()
  })

  it('as if nothing was before when the clock was ahead and went back', () => {
    const now = at('2026-11-21T09:00:00Z')
    expect(iso(dueMs(daily, { ...seen, slotMs: at('2031-01-01T00:00:00Z') }, 0, now))).toBe('2026-11-22T02:00:00.000Z')
  })
})

describe('a window', () => {
  const night = { window: { fromMinute: 22 * 60, toMinute: 6 * 60 }, timezone: 'UTC' }

  it('lets through what lies in it, over midnight too, and moves the rest to its beginning', () => {
    expect(iso(intoWindow(at('2026-11-21T23:00:00Z'), night))).toBe('2026-11-21T23:00:00.000Z')
    expect(iso(intoWindow(at('2026-11-21T05:59:00Z'), night))).toBe('2026-11-21T05:59:00.000Z')
    expect(iso(intoWindow(at('2026-11-21T06:00:00Z'), night))).toBe('2026-11-21T22:00:00.000Z')
  })

  it('holds back what is overdue until it opens', () => {
    const terms: ScheduleTerms = { ...berlin, ...night, crons: ['0 2 * * *'] }
    const since = { ...fresh, sinceMs: at('2026-11-18T12:00:00Z') }
    expect(iso(dueMs(terms, since, 0, at('2026-11-21T09:00:00Z')))).toBe('2026-11-21T22:00:00.000Z')
    expect(dueMs(terms, since, 0, at('2026-11-21T23:00:00Z'))).toBeLessThan(at('2026-11-21T23:00:00Z'))
  })
})

test('the longest gap of a schedule is what an RPO is held against', () => {
  expect(longestGapMs({ crons: ['0 2 * * *'], timezone: 'UTC' }, 0)).toBe(24 * hourMs)
  expect(longestGapMs({ crons: ['0 3 * * 0'], timezone: 'UTC' }, 0)).toBe(7 * 24 * hourMs)
  expect(longestGapMs({ crons: ['0 8,20 * * 1-5'], timezone: 'UTC' }, 0)).toBe(60 * hourMs)
  expect(longestGapMs({ crons: [], timezone: 'UTC' }, 0)).toBeNull()
})

test('a time of day is read in minutes', () => {
  expect([parseMinute('00:00'), parseMinute('22:30'), parseMinute('7:05')]).toEqual([0, 1350, 425])
  expect([parseMinute('24:00'), parseMinute('12:60'), parseMinute('noon')]).toEqual([undefined, undefined, undefined])
})
