import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isOverBudget, stretch, unstretched, type Stretch, type StretchChange } from '../../src/groups/over-budget.ts'

function follow(looks: readonly boolean[]): { factors: number[]; changes: StretchChange[] } {
  let state: Stretch = unstretched
  const factors: number[] = []
  const changes: StretchChange[] = []
  for (const isOver of looks) {
    const [next, change] = stretch(state, isOver)
    state = next
    factors.push(state.factor)
    if (change !== null) changes.push(change)
  }
  return { factors, changes }
}

test('what holds up the process for more than 50 ms is over its budget; what only waits for others is when it takes half its cadence', () => {
  expect(isOverBudget({ blockedMs: 51, tookMs: 51 }, 10_000)).toBe(true)
  expect(isOverBudget({ blockedMs: 1, tookMs: 4000 }, 10_000)).toBe(false)
  expect(isOverBudget({ blockedMs: 1, tookMs: 5001 }, 10_000)).toBe(true)
  expect(isOverBudget({ blockedMs: 1, tookMs: 49 }, 250)).toBe(false)
})

test('one look that takes long changes nothing; three in a row double the cadence, three within the budget halve it, each way said once', () => {
  expect(follow([true, true, false, true, true, false])).toEqual({ factors: [1, 1, 1, 1, 1, 1], changes: [] })
  const over = Array.from({ length: 9 }, () => true)
  const within = Array.from({ length: 9 }, () => false)
  expect(follow([...over, ...within])).toEqual({
    factors: [1, 1, 2, 2, 2, 4, 4, 4, 8, 8, 8, 4, 4, 4, 2, 2, 2, 1],
    changes: ['stretched', 'kept'],
  })
})

test('the cadence is never longer than 32 times what the config says, and comes back from there', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 100 }), (looks) => {
      const { factors, changes } = follow([...looks, ...Array.from({ length: 15 }, () => false)])
      expect(Math.max(...factors)).toBeLessThanOrEqual(32)
      expect(factors.at(-1)).toBe(1)
      expect(changes.filter((change) => change === 'stretched')).toHaveLength(changes.filter((change) => change === 'kept').length)
    }),
  )
})
