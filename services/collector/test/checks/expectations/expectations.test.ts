import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findPattern } from '../../../src/checks/expectations/find-pattern.ts'
import { judgeJson } from '../../../src/checks/expectations/json-expectation.ts'
import { parseJsonPath, valueAtPath } from '../../../src/checks/expectations/json-path.ts'
import { judgeText } from '../../../src/checks/expectations/text-expectation.ts'

describe('a pattern', () => {
  test('that backtracks without end is broken off, and said to be slow', () => {
    const startMs = performance.now()
    expect(judgeText({ matches: '^(a+)+$' }, `${'a'.repeat(60)}!`, 'the answer', false)).toBe(
      'the pattern "^(a+)+$" takes longer than 50ms: write it without a repetition inside a repetition, such as (a+)+ or .*.*',
    )
    expect(performance.now() - startMs).toBeLessThan(5000)
    expect(findPattern('(\\d+) frames', 'seen 12 frames')?.[1]).toBe('12')
  })

  test('looks at a megabyte in its time', () => {
    expect(judgeText({ matches: 'end\\d$' }, Buffer.from(`${'line of a log\n'.repeat(75_000)}end1`), 'it', false)).toBeUndefined()
  })
})

describe('a text', () => {
  test('is judged by what it must and must not hold', () => {
    expect(judgeText({ contains: 'up' }, 'down', 'the answer', false)).toBe('the answer does not contain "up"')
    expect(judgeText({ not_contains: 'ow' }, 'down', 'the answer', false)).toBe('the answer contains "ow"')
    expect(judgeText({ matches: '^d.wn$' }, 'up\ndown', 'the answer', false)).toBeUndefined()
    expect(judgeText({ matches: '^u' }, Buffer.from('down'), 'the answer', true)).toBe('the first 4 bytes of the answer do not match "^u"')
    expect(judgeText({}, 'anything', 'the answer', false)).toBeUndefined()
  })
})

describe('a path into JSON', () => {
  const document = { data: { 'disk full': { ok: false }, items: [{ n: 1 }, { n: 2 }] }, null: null }

  test.each([
    ['data.items[0].n', 1],
    ['$.data.items[-1].n', 2],
    ['$["data"]["disk full"].ok', false],
    ['null', null],
    ['data.items.n', undefined],
    ['data.toString', undefined],
    ['__proto__', undefined],
  ])('%s leads to %j', (path, value) => {
    expect(valueAtPath(document, parseJsonPath(path) ?? [])).toEqual(value)
  })

  test.each(['a..b', 'a[*]', 'a[', '.a', '[?(@.x)]', 'a b'])('%s is none', (path) => {
    expect(parseJsonPath(path)).toBeUndefined()
  })

  test('leads to every key of any object, and never throws', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string({ minLength: 1 }).filter((key) => !key.includes('"')),
          fc.integer(),
        ),
        (object) => {
          for (const [key, value] of Object.entries(object)) expect(valueAtPath(object, parseJsonPath(`$["${key}"]`) ?? ['?'])).toBe(value)
        },
      ),
    )
    fc.assert(fc.property(fc.string(), fc.jsonValue(), (path, value) => void valueAtPath(value, parseJsonPath(path) ?? [])))
  })
})

test.each([
  [{ path: 'n', max: 4 }, 'in it, n is 5, more than 4'],
  [{ path: 'n', min: 6 }, 'in it, n is 5, less than 6'],
  [{ path: 'n', equals: '5' }, 'in it, n is 5, expected "5"'],
  [{ path: 's', min: 1 }, 'in it, s is "up", which is no number'],
  [{ path: 's', not_equals: 'up' }, 'in it, s is "up", which it must not be'],
  [{ path: 's', matches: '^d' }, 'in it, s is "up", which does not match "^d"'],
  [{ path: 'list', min_length: 3 }, 'in it, list has 2 entries, fewer than 3'],
  [{ path: 'list', equals: 1 }, 'in it, list is a list of 2, expected 1'],
  [{ path: 'x' }, 'in it, x is missing'],
  [{ path: 'n', exists: false }, 'in it, n is there, but must not be'],
  [{ path: 'x', exists: false }, undefined],
  [{ path: 'n', min: 5, max: 5, equals: 5 }, undefined],
])('JSON of which %j is wanted gives %j', (expected, problem) => {
  expect(judgeJson([expected], '{"n":5,"s":"up","list":[1,2]}', 'it', false)).toBe(problem)
})

test('what is no JSON, or only the beginning of it, is told so', () => {
  expect(judgeJson([{ path: 'a' }], '<html>', 'it', false)).toBe('it is no JSON')
  expect(judgeJson([{ path: 'a' }], '{"a":', 'it', true)).toBe('it is too long to be read as JSON: more than 5 bytes')
})
