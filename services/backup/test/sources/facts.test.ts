import { expect, test } from 'vitest'
import { judgeSize } from '../../src/sources/dump-size.ts'
import { compareFacts } from '../../src/sources/facts.ts'

test('rows that are missing, too many or not counted at all are mismatches; sizes and versions are not compared', () => {
  const expected = { 'rows.a': 1, 'rows.b': 2, 'rows.c': 3, 'messages.S': 4, postgres_version: '15', 'size_bytes./x': 5 }
  expect(compareFacts(expected, { 'rows.a': 1, 'rows.b': 1, 'messages.S': 5, postgres_version: '16' })).toEqual({
    compared: 4,
    mismatches: [
      { fact: 'rows.b', expected: 2, found: 1 },
      { fact: 'rows.c', expected: 3, found: null },
      { fact: 'messages.S', expected: 4, found: 5 },
    ],
  })
})

test('nothing compared is visible', () => {
  expect(compareFacts({ postgres_version: '15' }, {})).toEqual({ compared: 0, mismatches: [] })
})

test('as many keys may be gone as had a time to live, and none may have come', () => {
  expect(compareFacts({ keys: 10, expiring_keys: 3 }, { keys: 7 }).mismatches).toEqual([])
  expect(compareFacts({ keys: 10, expiring_keys: 3 }, { keys: 6 }).mismatches).toHaveLength(1)
  expect(compareFacts({ keys: 10, expiring_keys: 3 }, { keys: 11 }).mismatches).toHaveLength(1)
})

test('a dump of less than the given share of the last one is refused, of exactly that share it is not', () => {
  const judge = (sizeBytes: number, ratio: number): void =>
    judgeSize('/d', sizeBytes, { min_size: 1, shrink_ratio: ratio }, { 'size_bytes./d': 1000 })
  expect(() => judge(200, 0.2)).not.toThrow()
  expect(() => judge(199, 0.2)).toThrow(/199B.*1000B/)
  expect(() => judge(1, 0)).not.toThrow()
})
