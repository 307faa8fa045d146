import { expect, test } from 'vitest'
import { chooseInspections } from '../../src/containers/inspection-order.ts'

test('the new, then the changed, then the longest not asked about are asked about, and no more than so many', () => {
  const signs = new Map([
    ['fresh', 'running'],
    ['changed', 'exited'],
    ['new', 'running'],
    ['old', 'running'],
    ['older', 'running'],
  ])
  const inspected = new Map([
    ['fresh', { sign: 'running', atMs: 99_000 }],
    ['changed', { sign: 'running', atMs: 99_000 }],
    ['old', { sign: 'running', atMs: 30_000 }],
    ['older', { sign: 'running', atMs: 10_000 }],
  ])
  expect(chooseInspections(signs, inspected, 100_000)).toEqual(['new', 'changed', 'older', 'old'])
  expect(chooseInspections(signs, inspected, 100_000, 2)).toEqual(['new', 'changed'])
})
