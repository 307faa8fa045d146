import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DueQueue } from '../../src/group/due-queue.ts'

const time = fc.integer({ min: 0, max: 100 })
const change = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), dueMs: fc.option(time, { nil: undefined }) })

test('gives every key once, at the time that was set last, the earliest first', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), time, (changes, nowMs) => {
      const queue = new DueQueue()
      const model = new Map<string, number>()
      for (const { key, dueMs } of changes) {
        queue.set(key, dueMs)
        if (dueMs === undefined) model.delete(key)
        else model.set(key, dueMs)
      }
      expect(queue.firstMs).toBe(model.size === 0 ? undefined : Math.min(...model.values()))
      const due = [...model].filter(([, dueMs]) => dueMs <= nowMs)
      const taken = queue.take(nowMs, 100)
      expect(taken.toSorted()).toEqual(due.map(([key]) => key).toSorted())
      expect(taken.map((key) => model.get(key))).toEqual(due.map(([, dueMs]) => dueMs).toSorted((a, b) => a - b))
      expect(queue.take(nowMs, 100)).toEqual([])
    }),
  )
})

test('leaves for later what is over the limit', () => {
  const queue = new DueQueue()
  for (const key of ['a', 'b', 'c']) queue.set(key, 1)
  expect(queue.take(1, 2)).toHaveLength(2)
  expect(queue.firstMs).toBe(1)
})

test('is no larger than what is due, however often that is set anew', () => {
  const queue = new DueQueue()
  for (let index = 0; index < 10_000; index++) queue.set(`key-${index % 10}`, 1_000_000 + index)
  expect(queue.heapSize).toBeLessThan(100)
  expect(queue.take(2_000_000, 100)).toHaveLength(10)
})
