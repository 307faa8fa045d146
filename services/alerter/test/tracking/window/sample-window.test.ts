import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { takes, type Take, type Window } from '../../../src/rules/take.ts'
import { maxSlots, SampleWindow } from '../../../src/tracking/window/sample-window.ts'
import { windowValue } from '../../../src/tracking/window/window-value.ts'

type Sample = readonly [atMs: number, value: number]
const start = Date.parse('2026-11-21T03:00:00.000Z')
const every: readonly Take[] = [...takes.filter((take) => take !== 'full_in'), 'p1', 'p50', 'p95', 'p99']

/** What a window should give, worked out from all samples there ever were, the slow way. */
function naive({ take, overMs }: Window, samples: readonly Sample[]): number | undefined {
  const end = samples.at(-1)?.[0] ?? Number.NaN
  const inside = samples.filter(([at]) => at > end - overMs).map(([, value]) => value)
  const before = samples.filter(([at]) => at <= end - overMs).at(-1)
  const from = before === undefined ? samples : [before, ...samples.filter(([at]) => at > before[0])]
  const mean = inside.reduce((sum, value) => sum + value, 0) / inside.length
  const grown = from.slice(1).reduce((sum, [, value], index) => {
    const last = from[index]?.[1] ?? 0
    return sum + (value < last ? value : value - last)
  }, 0)
  const sorted = inside.toSorted((a, b) => a - b)
  switch (take) {
    case 'last':
      return inside.at(-1)
    case 'avg':
      return mean
    case 'min':
      return sorted[0]
    case 'max':
      return sorted.at(-1)
    case 'count':
      return inside.length
    case 'stddev':
      return Math.sqrt(inside.reduce((sum, value) => sum + (value - mean) ** 2, 0) / inside.length)
    case 'delta':
      return from.length < 2 ? undefined : (from.at(-1)?.[1] ?? 0) - (from[0]?.[1] ?? 0)
    case 'increase':
      return from.length < 2 ? undefined : grown
    case 'rate':
      return from.length < 2 ? undefined : grown / ((end - (from[0]?.[0] ?? 0)) / 1000)
    default: {
      const rank = (Number(take.slice(1)) / 100) * (sorted.length - 1)
      const [low = 0, high = 0] = [sorted[Math.floor(rank)], sorted[Math.ceil(rank)]]
      return low + (high - low) * (rank % 1)
    }
  }
}

function filled(window: Window, samples: readonly Sample[]): SampleWindow {
  const ring = new SampleWindow(window)
  for (const [at, value] of samples) ring.push(at, value)
  return ring
}

function expectClose(found: number | undefined, wanted: number | undefined): void {
  const tolerance = 1e-6 * Math.max(1, Math.abs(wanted ?? 0))
  expect(found === undefined).toBe(wanted === undefined)
  expect(Math.abs((found ?? 0) - (wanted ?? 0))).toBeLessThanOrEqual(tolerance)
}

describe('the functions over a window', () => {
  it.each(every)('%s gives what a naive model gives, after every sample', (take) => {
    const pauses = fc.array(fc.tuple(fc.integer({ min: 1000, max: 12_000 }), fc.integer({ min: 0, max: 1000 })), { maxLength: 80 })
    fc.assert(
      fc.property(fc.integer({ min: 30, max: 300 }), pauses, (seconds, steps) => {
        const window = { take, overMs: seconds * 1000 }
        const ring = new SampleWindow(window)
        const samples: Sample[] = []
        let at = start
        for (const [pauseMs, value] of steps) {
          at += pauseMs
          samples.push([at, value])
          ring.push(at, value)
          expectClose(windowValue(ring, window), naive(window, samples))
        }
      }),
      { numRuns: 40 },
    )
  })

  it('put together what comes faster than a window has slots, and stay close to the truth', () => {
    const samples = Array.from({ length: 20_000 }, (_, index): Sample => [start + index * 100, index / 10 + 50 * Math.sin(index / 3000)])
    for (const take of every) {
      const window: Window = { take, overMs: 600_000 }
      const ring = filled(window, samples)
      expect(ring.size).toBeLessThanOrEqual(maxSlots + 2)
      expect(ring.bytes).toBeLessThanOrEqual(1024 * 4 * 8)
      // Percentiles are of what is left of the samples; the others lose no more than one slot at the edge.
      const tolerance = take.startsWith('p') ? 0.1 : 0.01
      const wanted = naive(window, samples) ?? Number.NaN
      expect(Math.abs((windowValue(ring, window) ?? Number.NaN) - wanted)).toBeLessThanOrEqual(tolerance * Math.max(200, Math.abs(wanted)))
    }
  })

  it('see a counter that starts anew, and need two samples for growth', () => {
    const window: Window = { take: 'increase', overMs: 60_000 }
    const ring = filled(window, [[start, 100]])
    expect(windowValue(ring, window)).toBeUndefined()
    ring.push(start + 10_000, 105)
    ring.push(start + 20_000, 3)
    expect(windowValue(ring, window)).toBe(8)
  })
})

describe('a window', () => {
  const window: Window = { take: 'avg', overMs: 60_000 }
  const steady = (count: number, from = 0): Sample[] => Array.from({ length: count }, (_, index) => [start + (from + index) * 10_000, 1])

  it('is full when it looks back on all of its time, by the pace of its source', () => {
    expect(filled(window, steady(5)).isFull).toBe(false)
    expect(filled(window, steady(6)).isFull).toBe(true)
    expect(filled(window, steady(100)).isFull).toBe(true)
    const slow = filled(window, [
      [start, 1],
      [start + 600_000, 1],
    ])
    expect(slow.isFull).toBe(false)
    slow.push(start + 1_200_000, 1)
    expect(slow.isFull).toBe(true)
  })

  it('begins anew after a pause longer than half of it, and goes on over a shorter one', () => {
    expect(filled(window, [...steady(10), ...steady(1, 12)]).isFull).toBe(true)
    const broken = filled(window, [...steady(10), ...steady(1, 14)])
    expect([broken.isFull, broken.size]).toEqual([false, 1])
  })

  it('passes over old samples, and begins anew when the clock of its source was set back', () => {
    const ring = filled(window, steady(10))
    expect([ring.push(start + 85_000, 9), ring.push(start + 90_000, 9)]).toEqual([false, false])
    expect(windowValue(ring, window)).toBe(1)
    expect(ring.push(start - 3_600_000, 5)).toBe(true)
    expect([ring.size, ring.isFull]).toEqual([1, false])
  })

  it.each(every)('of %s that is put together of two gives what one would give', (take) => {
    const cut = fc.integer({ min: 1, max: 59 })
    const overlap = fc.integer({ min: 0, max: 10 })
    fc.assert(
      fc.property(cut, overlap, fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 60, maxLength: 60 }), (at, shared, values) => {
        const long: Window = { take, overMs: 300_000 }
        const samples = values.map((value, index): Sample => [start + index * 10_000, value])
        const older = filled(long, samples.slice(0, Math.min(60, at + shared)))
        const whole = older.continuedBy(filled(long, samples.slice(at)))
        expectClose(windowValue(whole, long), windowValue(filled(long, samples), long))
        expect(whole.isFull).toBe(true)
      }),
      { numRuns: 50 },
    )
  })
})
