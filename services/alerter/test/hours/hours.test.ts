import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hoursSchema } from '../../src/hours/hours-config.ts'
import { compileHours } from '../../src/hours/hours.ts'

const at = (text: string): number => Date.parse(text)
const hours = (config: object, zone = 'UTC') => compileHours(hoursSchema.parse(config), zone)

describe('hours that come again', () => {
  it.each([
    ['2026-11-22T01:59:59Z', false],
    ['2026-11-22T02:00:00Z', true],
    ['2026-11-22T03:59:59Z', true],
    ['2026-11-22T04:00:00Z', false],
    ['2026-11-23T02:30:00Z', false],
  ])('from included, to not, only on their days: %s is %s', (time, isIn) => {
    expect(hours({ days: ['sun'], from: '02:00', to: '04:00' }).contains(at(time))).toBe(isIn)
  })

  it.each([
    ['2026-11-20T21:59:00Z', false],
    ['2026-11-20T22:00:00Z', true],
    ['2026-11-21T05:59:00Z', true],
    ['2026-11-21T06:00:00Z', false],
    ['2026-11-21T22:30:00Z', false],
  ])('over midnight they belong to the day on which they began: %s is %s', (time, isIn) => {
    expect(hours({ days: ['fri'], from: '22:00', to: '06:00' }).contains(at(time))).toBe(isIn)
  })

  it('are those of their time zone', () => {
    const office = hours({ days: ['mon'], from: '09:00', to: '18:00', timezone: 'Asia/Seoul' })
    expect(office.contains(at('2026-11-23T00:00:00Z'))).toBe(true)
    expect(office.contains(at('2026-11-22T23:59:00Z'))).toBe(false)
  })

  it('count days of a month from its end too', () => {
    const last = hours({ month_days: [-1] })
    expect(['2026-02-28', '2026-02-27', '2028-02-29', '2028-02-28'].map((day) => last.contains(at(`${day}T12:00:00Z`)))).toEqual([
      true,
      false,
      true,
      false,
    ])
  })

  it('are there on the day without the hour, and on the day that has it twice', () => {
    const night = hours({ from: '01:00', to: '04:00', timezone: 'Europe/Berlin' })
    const count = (day: string): number =>
      Array.from({ length: 48 }, (_, half) => at(day) + half * 1_800_000).filter((time) => night.contains(time)).length / 2
    expect(count('2026-03-28T23:00:00Z')).toBe(2)
    expect(count('2026-10-24T22:00:00Z')).toBe(4)
    expect(count('2026-06-01T22:00:00Z')).toBe(3)
  })

  it('end when they say they do, wherever clocks do not change', () => {
    const time = fc.integer({ min: 0, max: 23 }).map((hour) => `${String(hour).padStart(2, '0')}:00`)
    fc.assert(
      fc.property(time, time, fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2026-12-31T00:00:00Z') }), (from, to, nowMs) => {
        const each = hours({ from, to })
        if (!each.contains(nowMs)) return
        const endMs = each.endMs(nowMs)
        expect(endMs).toBeGreaterThan(nowMs)
        expect(each.contains(endMs - 1)).toBe(true)
        expect(each.contains(endMs)).toBe(from === to)
      }),
    )
  })

  it('over midnight last until their end in the night that has an hour twice, and in the one that lacks it', () => {
    const berlin = (day: 'sat' | 'sun') => hours({ days: [day], from: '22:00', to: '06:00', timezone: 'Europe/Berlin' })
    const held = (each: ReturnType<typeof hours>, day: string): number =>
      Array.from({ length: 24 }, (_, hour) => at(day) + hour * 3_600_000).filter((time) => each.contains(time)).length
    expect(held(berlin('sat'), '2026-10-24T12:00:00Z')).toBe(9)
    expect(held(berlin('sun'), '2026-10-24T12:00:00Z')).toBe(0)
    expect(held(berlin('sat'), '2026-03-28T12:00:00Z')).toBe(7)
  })

  it('say when they end also where clocks change, never later than it is', () => {
    const early = hours({ from: '01:00', to: '04:00', timezone: 'Europe/Berlin' })
    expect(early.endMs(at('2026-03-29T00:30:00Z'))).toBe(at('2026-03-29T02:00:00Z'))
    expect(early.endMs(at('2026-10-25T00:30:00Z'))).toBe(at('2026-10-25T03:00:00Z'))
    const zone = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Seoul')
    const time = fc.integer({ min: 0, max: 47 }).map((half) => `${String(half >> 1).padStart(2, '0')}:${half % 2 === 0 ? '00' : '30'}`)
    const day = fc.constantFrom('2026-03-07', '2026-03-28', '2026-04-04', '2026-10-03', '2026-10-24', '2026-10-31')
    fc.assert(
      fc.property(zone, time, time, day, fc.integer({ min: 0, max: 3 * 1440 }), (timezone, from, to, first, minute) => {
        const each = hours({ from, to, timezone })
        const nowMs = at(`${first}T00:00:00Z`) + minute * 60_000
        if (from === to || !each.contains(nowMs)) return
        const endMs = each.endMs(nowMs)
        expect(endMs).toBeGreaterThan(nowMs)
        for (let minuteMs = nowMs; minuteMs < endMs; minuteMs += 60_000) expect(each.contains(minuteMs)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})
