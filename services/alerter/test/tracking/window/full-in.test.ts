import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SampleWindow } from '../../../src/tracking/window/sample-window.ts'
import { windowValue } from '../../../src/tracking/window/window-value.ts'

const hourMs = 3_600_000
const window = { take: 'full_in', overMs: 3 * hourMs } as const
const start = Date.parse('2026-11-21T00:00:00.000Z')

function fullIn(ratios: readonly number[], everyMs = 60_000): number | undefined {
  const ring = new SampleWindow(window)
  for (const [index, ratio] of ratios.entries()) ring.push(start + index * everyMs, ratio)
  return windowValue(ring, window)
}

const line = (from: number, perHour: number, samples: number, everyMs = 60_000): number[] =>
  Array.from({ length: samples }, (_, index) => from + (perHour * index * everyMs) / hourMs)

it('a disk that grows by 2 % an hour from 50 % is full when the rest has grown', () => {
  const ratios = line(0.5, 0.02, 181)
  expect(fullIn(ratios)).toBeCloseTo(((1 - 0.56) / 0.02) * 3600, 0)
})

it('what does not grow, or shrinks, is not full for years; what is full is full now', () => {
  const years = 10 * 365 * 86_400
  expect(fullIn(line(0.5, 0, 181))).toBe(years)
  expect(fullIn(line(0.5, -0.01, 181))).toBe(years)
  expect(fullIn([...line(0.5, 0.1, 180), 1])).toBe(0)
  expect(fullIn([0.5])).toBeUndefined()
})

it('is the same however fast the samples come, and close to it when the ring puts several of them together', () => {
  const slow = fullIn(line(0.2, 0.1, 181)) ?? Number.NaN
  const fast = fullIn(line(0.2, 0.1, 3 * 3600, 1000), 1000) ?? Number.NaN
  expect(Math.abs(fast - slow) / slow).toBeLessThan(0.02)
})

it('is never less than 0, and always a number that can be compared', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 200 }), (ratios) => {
      const seconds = fullIn(ratios) ?? Number.NaN
      expect(seconds).toBeGreaterThanOrEqual(0)
      expect(Number.isFinite(seconds)).toBe(true)
    }),
  )
})
