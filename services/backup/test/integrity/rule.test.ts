import { expect, test } from 'vitest'
import type { IntegrityRule } from '../../src/config/integrity-config.ts'
import { judgeRule, maxRuleRows } from '../../src/integrity/rule.ts'

function judge(expected: IntegrityRule['expect'], rows: unknown[][]): string | undefined {
  return judgeRule('rule', { query: 'SELECT', expect: expected, severity: 'error' }, rows)?.detail
}

test('numbers count also where the database gives them as text', () => {
  expect(judge({ value: 3 }, [['3']])).toBeUndefined()
  expect(judge({ value: 3 }, [[3n]])).toBeUndefined()
  expect(judge({ value: true }, [[1]])).toBeUndefined()
  expect(judge({ value: 'on' }, [['off']])).toBe('off, expected on')
  expect(judge({ min: 1, max: 5 }, [['5.0']])).toBeUndefined()
  expect(judge({ max: 5 }, [[6]])).toBe('6, expected at most 5')
})

test('nothing is not zero', () => {
  expect(judge({ value: 0 }, [[null]])).toBe('NULL, expected 0')
  expect(judge({ min: 0 }, [[null]])).toBe('NULL, expected a number')
  expect(judge({ value: 0 }, [['']])).toBe(', expected 0')
  expect(judge({ min: 0 }, [])).toBe('no row, expected one')
})

test('rows that should not be are shown, and counted to a bound', () => {
  expect(judge({ rows: 0 }, [])).toBeUndefined()
  expect(judge({ rows: 0 }, [[1, { a: 2 }]])).toBe('1 rows, expected 0, such as 1, {"a":2}')
  const many = Array.from({ length: maxRuleRows }, () => ['x'.repeat(500)])
  expect(judge({ rows: 0 }, many)).toMatch(/^more than 1000 rows/)
  expect(judge({ rows: 0 }, many)?.length).toBeLessThan(500)
})
