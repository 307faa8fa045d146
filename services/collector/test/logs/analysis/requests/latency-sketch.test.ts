import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LatencySketch } from '../../../../src/logs/analysis/requests/latency-sketch.ts'

const seconds = fc.double({ min: 2e-6, max: 9e4, noNaN: true })
const shares = [0.01, 0.5, 0.95, 0.99, 1]

function exact(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(share * values.length)) - 1] ?? Number.NaN
}

test.each([0.01, 0.02])('a quantile is off by at most the stated share of itself: %f', (error) => {
  fc.assert(
    fc.property(fc.array(seconds, { minLength: 1, maxLength: 300 }), (values) => {
      const sketch = new LatencySketch(error)
      for (const value of values) sketch.add(value)
      for (const share of shares) {
        const wanted = exact(values, share)
        expect(Math.abs((sketch.quantile(share) ?? Number.NaN) - wanted)).toBeLessThanOrEqual(wanted * error * 1.000001)
      }
    }),
  )
})

test('two sketches add up to the sketch of both, and a cleared one is empty', () => {
  fc.assert(
    fc.property(fc.array(seconds), fc.array(seconds), (one, other) => {
      const [first, second, both] = [new LatencySketch(0.01), new LatencySketch(0.01), new LatencySketch(0.01)]
      for (const value of one) first.add(value)
      for (const value of other) second.add(value)
      for (const value of [...one, ...other]) both.add(value)
      first.merge(second)
      for (const share of shares) expect(first.quantile(share)).toBe(both.quantile(share))
      expect([first.count, first.max]).toEqual([both.count, both.max])
      first.clear()
      expect([first.count, first.max, first.quantile(0.5)]).toEqual([0, 0, null])
      first.add(1)
      expect(first.quantile(0)).toBeCloseTo(1, 1)
    }),
  )
  expect(() => new LatencySketch(0.01).merge(new LatencySketch(0.02))).toThrow(RangeError)
})

test('what is shorter than a microsecond or longer than a day is counted at the end it is beyond', () => {
  const sketch = new LatencySketch(0.01)
  for (const value of [0, 1e-9, 1e9]) sketch.add(value)
  expect(sketch.quantile(0.5)).toBe(1e-6)
  expect(sketch.max).toBe(1e9)
})
