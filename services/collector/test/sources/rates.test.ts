import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exclusion } from '../../src/globs/exclusion.ts'
import { parseCounters, ratesPerSecond, ratio } from '../../src/sources/rates.ts'
import { capItems, label } from '../../src/sources/source.ts'

test('a rate is growth over the interval that was measured, not the one that was meant', () => {
  expect(ratesPerSecond({ a: 100 }, { a: 350 }, 1.25)).toEqual({ a: 200 })
})

test.each([
  ['on the first look', undefined, { a: 1 }, 1],
  ['without a comparable interval', { a: 0 }, { a: 1 }, null],
  ['over an interval of no length', { a: 0 }, { a: 1 }, 0],
  ['after a reset', { a: 2 }, { a: 1 }, 1],
])('a rate is null %s', (_, previous, current, interval) => {
  expect(ratesPerSecond(previous, current, interval)).toEqual({ a: null })
})

test('a rate is never negative and never infinite', () => {
  const counters = fc.record({ a: fc.nat(), b: fc.nat() })
  fc.assert(
    fc.property(
      fc.option(counters, { nil: undefined }),
      counters,
      fc.option(fc.double({ min: 0, max: 1e6, noNaN: true })),
      (previous, current, interval) => {
        for (const rate of Object.values(ratesPerSecond(previous, current, interval))) {
          expect(rate === null || rate >= 0).toBe(true)
        }
      },
    ),
  )
})

test('a share stays within 0 and 1, and is null without a whole', () => {
  expect([ratio(5, 4), ratio(-1, 4), ratio(1, 4), ratio(1, 0)]).toEqual([1, 0, 0.25, null])
})

test.each([
  [
    ['1', '2'],
    [1, 2],
  ],
  [['1', 'x'], undefined],
  [['-1'], undefined],
  [['1e9'], undefined],
  [[undefined], undefined],
  [[''], undefined],
])('the counters %j are %j', (texts, values) => {
  expect(parseCounters(texts)).toEqual(values)
})

test('an asterisk stands for anything, and every other sign for itself', () => {
  const isExcluded = exclusion(['veth*', '/mnt/*/tmp', 'a.b'])
  expect(['veth0', 'veth', 'myveth', '/mnt/x/y/tmp', '/mnt/tmp', 'a.b', 'aXb'].map(isExcluded)).toEqual([
    true,
    true,
    false,
    true,
    false,
    true,
    false,
  ])
})

test('things over the cap are counted, and labels are cut to the bound of the contract', () => {
  expect(capItems(Array.from({ length: 70 }, (_, index) => index))).toMatchObject({ overflow: 6, kept: { length: 64 } })
  expect(capItems([1])).toEqual({ kept: [1], overflow: 0 })
  expect(label('x'.repeat(2000))).toHaveLength(1024)
})
