import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Baseline } from '../../../src/tracking/baseline/baseline.ts'
import { hourOfWeekIn, hoursPerWeek } from '../../../src/tracking/baseline/hour-of-week.ts'
import { World } from '../world.ts'

const hourS = 3600
const weekS = 168 * hourS
const rule = { metric: 'app_api.requests_per_second', baseline: { factor: { warning: 2, critical: 5 }, at_least: 10 } }

describe('a rule against the same hour of the week', () => {
  const send = (world: World, at: number, value: number | null) =>
    world.metric(at, 'app_api', { items: [{ metric: 'requests_per_second', value }] })
  /** Every ten minutes of this hour, as busy as this. */
  const hour = (world: World, week: number, offset: number, value: number): string[] =>
    Array.from({ length: 6 }, (_, index) => send(world, week * weekS + offset * hourS + index * 600, value)).flat()
  /** Busy at noon, calm at night. */
  const learnt = (weeks: number, config: unknown = rule): World => {
    const world = new World({ traffic: config })
    for (let week = 0; week < weeks; week++) for (const [offset, value] of [100, 1000, 100].entries()) hour(world, week, offset, value)
    return world
  }

  it('says nothing until it knows the hour from two weeks', () => {
    expect(hour(learnt(1), 1, 1, 9_999)).toEqual([])
    expect(hour(learnt(2), 2, 1, 9_999)).toEqual(['traffic firing critical'])
  })

  it('knows each hour by itself: what is usual at noon is not at night', () => {
    expect(hour(learnt(3), 3, 1, 1000)).toEqual([])
    const world = learnt(3)
    expect(hour(world, 3, 0, 1000)).toEqual(['traffic firing critical'])
    expect(world.summaries()).toEqual(['app_api.requests_per_second on web-1 is 1000/s, usually 100/s'])
  })

  it('is strict at its factor, and looks at either side', () => {
    expect(hour(learnt(3), 3, 1, 2000)).toEqual([])
    expect(hour(learnt(3), 3, 1, 2001)).toEqual(['traffic firing warning'])
    expect(hour(learnt(3), 3, 1, 500)).toEqual([])
    expect(hour(learnt(3), 3, 1, 499)).toEqual(['traffic firing warning'])
    expect(hour(learnt(3), 3, 1, 0)).toEqual(['traffic firing critical'])
  })

  it('looks at one side only when told to, and not at small differences', () => {
    expect(hour(learnt(3, { ...rule, baseline: { side: 'above' } }), 3, 1, 0)).toEqual([])
    expect(hour(learnt(3, { ...rule, baseline: { at_least: 2000 } }), 3, 1, 2900)).toEqual([])
  })

  it('is not judged against the hour at hand, and gets used to what stays', () => {
    const world = learnt(3)
    for (let week = 3; week < 8; week++) hour(world, week, 1, 5000)
    expect(world.told).toEqual(['traffic firing warning', 'traffic resolved warning recovered'])
  })

  it('knows the hours of zones that are half an hour off', () => {
    const world = new World({ traffic: rule }, { zone: 'Asia/Kolkata' })
    for (let week = 0; week < 3; week++) for (let at = 0; at < 3 * hourS; at += 600) send(world, week * weekS + at, 100)
    expect(send(world, 3 * weekS + hourS, 100_000)).toEqual(['traffic firing critical'])
  })

  it('does not count an hour of which little was seen', () => {
    const world = new World({ traffic: rule })
    for (let week = 0; week < 4; week++) for (const at of [0, 600, 1200]) send(world, week * weekS + at, 100)
    expect(hour(world, 5, 0, 100_000)).toEqual([])
  })
})

it('a baseline is the same after it was stored', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 167 }), fc.float({ noNaN: true, noDefaultInfinity: true })), { maxLength: 50 }),
      (samples) => {
        const baseline = new Baseline()
        for (const [index, [hour, value]] of samples.entries()) {
          for (const minute of [0, 40]) baseline.learn(hour, (index * 200 + hour) * 3_600_000 + minute * 60_000, value, 4)
        }
        const text = baseline.toText()
        expect(text.length).toBe(1120)
        const again = Baseline.fromText(text)
        for (let hour = 0; hour < hoursPerWeek; hour++) expect(again?.usual(hour, 1)).toBe(baseline.usual(hour, 1))
      },
    ),
  )
  expect(Baseline.fromText('nonsense')).toBeUndefined()
})

it('the hour of the week is that of the clock on the wall, also where clocks change and hours are cut in half', () => {
  const at = (zone: string, time: string): number => hourOfWeekIn(zone)(Date.parse(time))
  expect(at('UTC', '2026-11-22T00:00:00Z')).toBe(0)
  expect(at('UTC', '2026-11-21T23:59:59Z')).toBe(167)
  expect(at('Asia/Seoul', '2026-11-21T15:00:00Z')).toBe(0)
  expect([at('Europe/Berlin', '2026-03-29T00:30:00Z'), at('Europe/Berlin', '2026-03-29T01:30:00Z')]).toEqual([1, 3])
  expect([at('Asia/Kolkata', '2026-11-21T18:29:59Z'), at('Asia/Kolkata', '2026-11-21T18:30:00Z')]).toEqual([167, 0])
})
