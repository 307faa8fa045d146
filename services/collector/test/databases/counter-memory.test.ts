import { expect, test } from 'vitest'
import { CounterMemories, CounterMemory } from '../../src/databases/counter-memory.ts'

test('rates are over the time between two looks', () => {
  const memory = new CounterMemory<'commits'>()
  expect(memory.rates(1000, { commits: 10 })).toEqual({ commits: null })
  expect(memory.rates(3000, { commits: 50 })).toEqual({ commits: 20 })
})

test('a counter that the server does not tell is null, and takes the others not with it', () => {
  const memory = new CounterMemory<'commits' | 'reads'>()
  memory.rates(0, { commits: 1, reads: null })
  expect(memory.rates(1000, { commits: 2, reads: 5 })).toEqual({ commits: 1, reads: null })
  expect(memory.rates(2000, { commits: 3, reads: 7 })).toEqual({ commits: 1, reads: 2 })
})

test('counters that start again, and those after a pause that does not count, compare with nothing', () => {
  const memory = new CounterMemory<'commits'>()
  memory.rates(0, { commits: 100 })
  expect(memory.rates(1000, { commits: 5 })).toEqual({ commits: null })
  memory.forget()
  expect(memory.rates(2000, { commits: 6 })).toEqual({ commits: null })
})

test('things that went away are forgotten', () => {
  const memories = new CounterMemories<'calls'>()
  const look = (nowMs: number, names: string[], calls: number) =>
    Object.fromEntries(memories.rates(nowMs, new Map(names.map((name) => [name, { calls }]))))
  look(0, ['a', 'b'], 1)
  expect(look(1000, ['a'], 3)).toEqual({ a: { calls: 2 } })
  expect(look(2000, ['a', 'b'], 4)).toEqual({ a: { calls: 1 }, b: { calls: null } })
})
