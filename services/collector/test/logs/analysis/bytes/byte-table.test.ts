import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteTable } from '../../../../src/logs/analysis/bytes/byte-table.ts'

test('it holds what a map holds, through additions and deletions, up to its capacity', () => {
  // Few names and few slots: runs of the table grow together and are torn apart.
  const step = fc.record({
    name: fc.string({ minLength: 1, maxLength: 2, unit: fc.constantFrom('a', 'b', 'c', 'd', 'e') }),
    isDeletion: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const table = new ByteTable<number>(8)
      const model = new Map<string, number>()
      const refusedAt: number[] = []
      for (const [index, { isDeletion, name }] of steps.entries()) {
        const key = Buffer.from(name)
        if (isDeletion) {
          table.delete(key, 0, key.length)
          model.delete(name)
        } else if (table.add(key, index)) model.set(name, index)
        else refusedAt.push(model.size)
        expect(table.size).toBe(model.size)
        for (const [each, value] of model) expect(table.find(Buffer.from(`<${each}>`), 1, 1 + each.length)).toBe(value)
      }
      expect(refusedAt.filter((size) => size !== 8)).toEqual([])
      expect(new Set(table.values())).toEqual(new Set(model.values()))
    }),
  )
})
