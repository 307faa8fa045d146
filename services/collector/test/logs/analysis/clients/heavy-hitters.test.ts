import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HeavyHitters } from '../../../../src/logs/analysis/clients/heavy-hitters.ts'

function add(hitters: HeavyHitters, name: string, bytes = 0): void {
  const key = Buffer.from(name)
  hitters.add(key, 0, key.length, 1, bytes)
}

test('a name with more than its share of all sightings is kept, and its count is within the stated bounds', () => {
  const capacity = 8
  fc.assert(
    fc.property(fc.array(fc.nat(40), { maxLength: 400 }), (names) => {
      const hitters = new HeavyHitters(capacity, [])
      const exact = new Map<string, number>()
      for (const number of names) {
        // Squared: few names are frequent.
        const name = `h${Math.floor((number * number) / 40)}`
        add(hitters, name)
        exact.set(name, (exact.get(name) ?? 0) + 1)
      }
      const top = hitters.top(capacity)
      for (const { count, name, overcount } of top) {
        expect(count).toBeGreaterThanOrEqual(exact.get(name) ?? 0)
        expect(count - overcount).toBeLessThanOrEqual(exact.get(name) ?? 0)
      }
      const kept = new Set(top.map(({ name }) => name))
      const frequent = [...exact].filter(([, count]) => count > names.length / capacity).map(([name]) => name)
      expect(frequent.filter((name) => !kept.has(name))).toEqual([])
    }),
  )
})

test('the busiest come first and survive a restart with their bytes', () => {
  const hitters = new HeavyHitters(4, [])
  for (const name of ['a', 'b', 'b', 'c', 'c', 'c']) add(hitters, name, 10)
  const again = new HeavyHitters(4, hitters.save(2))
  add(again, 'b', 5)
  expect(again.top(3)).toEqual([
    { name: 'c', count: 3, overcount: 0, bytes: 30 },
    { name: 'b', count: 3, overcount: 0, bytes: 25 },
  ])
})
