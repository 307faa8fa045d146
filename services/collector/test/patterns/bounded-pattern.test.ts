import { expect, test } from 'vitest'
import { BoundedPattern } from '../../src/patterns/bounded-pattern.ts'

test('a pattern without end is broken off, and rests before it is tried again', () => {
  let nowMs = 0
  const pattern = new BoundedPattern('(a+)+!', { nowMs: () => nowMs })
  const text = 'a'.repeat(100)
  expect(timed(() => expect(pattern.exec(text)).toBe('slow'))).toBeGreaterThan(30)
  expect(timed(() => expect(pattern.places(text)).toBe('slow'))).toBeLessThan(20)
  nowMs = 50_001
  expect(timed(() => expect(pattern.test(text)).toBe('slow'))).toBeGreaterThan(30)
})

test('it finds what the same expression finds, on short texts and on long ones that are watched', () => {
  for (const length of [10, 100_000]) {
    const text = `${'x'.repeat(length)} id=17 id=18`
    const pattern = new BoundedPattern('.*?id=(?<id>\\d+)')
    expect(pattern.exec(text)).toMatchObject({ 1: '17', groups: { id: '17' } })
    expect(pattern.exec(text)).toMatchObject({ index: 0 })
    expect(new BoundedPattern('id=\\d+').places(text)).toEqual([
      [length + 1, length + 6],
      [length + 7, length + 12],
    ])
    expect(new BoundedPattern('id', { isAnchored: true }).test(text)).toBe(false)
  }
})

function timed(work: () => void): number {
  const startMs = performance.now()
  work()
  return performance.now() - startMs
}
