import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { percentile } from '../src/percentiles.ts'

const samples = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 400 })
const percents = fc.integer({ min: 1, max: 100 })

describe('percentile', () => {
  test('of 1 to 100 is the number itself', () => {
    const numbers = Array.from({ length: 100 }, (_, index) => 100 - index)
    expect([1, 7, 50, 99, 100].map((percent) => percentile(numbers, percent))).toEqual([1, 7, 50, 99, 100])
  })

  test('of few samples is one of them: the 99th of 30 is the largest', () => {
    const numbers = Array.from({ length: 30 }, (_, index) => index)
    expect(percentile(numbers, 99)).toBe(29)
    expect(percentile(numbers, 50)).toBe(14)
    expect(percentile([4], 1)).toBe(4)
  })

  test('leaves the samples in their order', () => {
    const numbers = [3, 1, 2]
    percentile(numbers, 50)
    expect(numbers).toEqual([3, 1, 2])
  })

  test('is the least sample that enough others do not exceed', () => {
    fc.assert(
      fc.property(samples, percents, (numbers, percent) => {
        const found = percentile(numbers, percent)
        const upTo = (limit: number): number => numbers.filter((number) => number <= limit).length * 100
        expect(numbers).toContain(found)
        expect(upTo(found)).toBeGreaterThanOrEqual(percent * numbers.length)
        // Of no smaller ones, -Infinity: none are up to it.
        const before = Math.max(...numbers.filter((number) => number < found))
        expect(upTo(before)).toBeLessThan(percent * numbers.length)
      }),
    )
  })

  test('refuses what has no answer', () => {
    expect(() => percentile([], 50)).toThrow('no samples')
    expect(() => percentile([1], 0)).toThrow('above 0')
    expect(() => percentile([1], 101)).toThrow('at most 100')
  })
})
