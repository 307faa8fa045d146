import { originOf } from '@nightshift/shared/config/config-document'
import type { ConfigPath } from '@nightshift/shared/config/config-path'
import { formatDiagnostic } from '@nightshift/shared/config/diagnostic'
import { positionOf } from '@nightshift/shared/config/source-text'
import { parseYaml } from '@nightshift/shared/config/yaml-document'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

/** `line:column` of the key and of the value at a path, and the value's text. */
function places(text: string, path: ConfigPath) {
  const { document } = parseYaml('c.yaml', text)
  const origin = document === undefined ? undefined : originOf(document, path)
  if (document === undefined || origin === undefined) return undefined
  const show = (offset: number) => {
    const { line, column } = positionOf(document.source, offset)
    return `${line}:${column}`
  }
  const key = origin.key === undefined ? undefined : show(origin.key.start)
  return { key, value: show(origin.value.start), text: text.slice(origin.value.start, origin.value.end) }
}

function messages(text: string): string[] {
  return parseYaml('c.yaml', text).diagnostics.map(formatDiagnostic)
}

describe('the place of a value', () => {
  test('in nested mappings and lists', () => {
    const text = 'a:\n  b:\n    - x\n    - c: 1\n'
    expect(places(text, ['a', 'b'])).toMatchObject({ key: '2:3' })
    expect(places(text, ['a', 'b', 0])).toEqual({ key: undefined, value: '3:7', text: 'x' })
    expect(places(text, ['a', 'b', 1, 'c'])).toEqual({ key: '4:7', value: '4:10', text: '1' })
  })

  test('in flow style', () => {
    const text = 'a: {b: [1, {c: "x y"}], d: ok}\n'
    expect(places(text, ['a', 'b', 1, 'c'])).toEqual({ key: '1:13', value: '1:16', text: '"x y"' })
    expect(places(text, ['a', 'd'])).toEqual({ key: '1:25', value: '1:28', text: 'ok' })
  })

  test('in texts of several lines', () => {
    const text = 'a: |\n  one\n  two\nb: "x\n  y"\nc: 1\n'
    expect(places(text, ['a'])).toMatchObject({ key: '1:1', value: '1:4' })
    expect(places(text, ['b'])).toMatchObject({ key: '4:1', value: '4:4' })
    expect(places(text, ['c'])).toEqual({ key: '6:1', value: '6:4', text: '1' })
  })

  test('behind an alias is that of the alias, below it that of the anchor', () => {
    const text = 'a: &x\n  b: 1\nc: *x\n'
    expect(places(text, ['c'])).toEqual({ key: '3:1', value: '3:4', text: '*x' })
    expect(places(text, ['c', 'b'])).toEqual({ key: '2:3', value: '2:6', text: '1' })
  })

  test('of merged keys is where they are written', () => {
    const text = 'a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n'
    expect(parseYaml('c.yaml', text).document?.data).toEqual({ a: { b: 1, c: 2 }, d: { c: 3, b: 1 } })
    expect(places(text, ['d', 'b'])).toMatchObject({ value: '1:11' })
    expect(places(text, ['d', 'c'])).toMatchObject({ value: '4:6' })
  })

  test('counts Korean letters as one column and is not moved by Windows line ends', () => {
    const text = '# 점검 설정\r\n이름: "가나다"\r\n목록: [하나, 둘]\r\n'
    expect(places(text, ['이름'])).toEqual({ key: '2:1', value: '2:5', text: '"가나다"' })
    expect(places(text, ['목록', 1])).toEqual({ key: undefined, value: '3:10', text: '둘' })
    expect(parseYaml('c.yaml', text).document?.data).toEqual({ 이름: '가나다', 목록: ['하나', '둘'] })
  })

  test('of a key without a value is the place where it would stand', () => {
    expect(places('a:\nb: 1\n', ['a'])).toMatchObject({ key: '1:1', value: '1:3', text: '' })
  })
})

test('several syntax errors are all told', () => {
  expect(messages('a: 1\nb: @x\nc: `y\nd: !env Z\n')).toEqual([
    'c.yaml:2:4: a text cannot begin with @; put it in quotes',
    'c.yaml:3:4: a text cannot begin with `; put it in quotes',
    'c.yaml:4:4: tags (!name) are not supported; write ${NAME} for a variable of the environment, "…" for a text',
  ])
})

test('what follows a loss of structure is not told', () => {
  expect(messages('a: [1, 2]]\nb: 1\nc: 2\nd: {\n')).toHaveLength(1)
})

test('aliases cannot multiply a file without bound', () => {
  const levels = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array.from({ length: 9 }, () => `*a${i}`).join(', ')}]`)
  const start = performance.now()
  const { document, diagnostics } = parseYaml('c.yaml', `a0: &a0 [x]\n${levels.join('\n')}\n`)
  expect(document).toBeUndefined()
  expect(diagnostics.map(formatDiagnostic)).toEqual([expect.stringMatching(/^c\.yaml:\d+:\d+: the file holds more than 100000 values/)])
  expect(performance.now() - start).toBeLessThan(5000)
})

test('merges cannot multiply either', () => {
  const levels = Array.from({ length: 200 }, (_, i) => `a${i + 1}: &a${i + 1} {<<: [*a${i}, *a${i}]}`)
  expect(parseYaml('c.yaml', `a0: &a0 {x: 1}\n${levels.join('\n')}\n`).document?.data['a200']).toEqual({ x: 1 })
})

test('an alias inside what it refers to is refused', () => {
  expect(messages('a: &x\n  b: *x\n')).toEqual(['c.yaml:2:6: a.b: this alias stands inside what it refers to'])
  expect(parseYaml('c.yaml', 'a: &x\n  <<: *x\n  b: 1\n').document?.data).toEqual({ a: { b: 1 } })
})

test('an alias means the nearest anchor before it', () => {
  expect(parseYaml('c.yaml', 'a: &x 1\nb: *x\nc: &x 2\nd: *x\n').document?.data).toEqual({ a: 1, b: 1, c: 2, d: 2 })
  expect(messages('a: *x\nb: &x 1\n')).toEqual([
    'c.yaml:1:4: a: the alias *x refers to nothing: no &x stands before it; put what &x marks above it',
  ])
})

test('keys that mean something to JavaScript do no harm', () => {
  const { document, diagnostics } = parseYaml('c.yaml', 'constructor: {prototype: {x: 1}}\n__proto__: {y: 1}\ntoString: 2\n')
  expect(diagnostics.map(formatDiagnostic)).toEqual(['c.yaml:2:1: __proto__: this name cannot be used'])
  expect(Object.keys(document?.data ?? {})).toEqual(['constructor', 'toString'])
  expect(({} as Record<string, unknown>)['y']).toBeUndefined()
})

test('numbers, true and null are good names', () => {
  expect(parseYaml('c.yaml', '8080: a\ntrue: b\nnull: c\n"x y": d\n').document?.data).toEqual({
    8080: 'a',
    true: 'b',
    null: 'c',
    'x y': 'd',
  })
  expect(messages(': a\n? [x]\n: b\n')).toEqual(['c.yaml:2:3: a key must be a plain text', 'c.yaml:1:1: a key is missing before the colon'])
})

test.each([
  ['brackets', '['],
  ['mappings in mappings', '{a: '],
  ['lists in lists', '- '],
  ['questions', '? '],
])('a megabyte of %s is refused in bounded time', (_, piece) => {
  const start = performance.now()
  expect(parseYaml('c.yaml', piece.repeat(1_000_000 / piece.length)).diagnostics.length).toBeGreaterThan(0)
  expect(performance.now() - start).toBeLessThan(10_000)
})

test('a large file is read in bounded time', () => {
  const start = performance.now()
  const text = Array.from({ length: 20_000 }, (_, i) => `k${i}: &a${i} {x: 1}\nz${i}: *a${i}`).join('\n')
  expect(parseYaml('c.yaml', text).document).toBeDefined()
  expect(performance.now() - start).toBeLessThan(15_000)
})

test('no text throws, and every place is in the text', () => {
  const piece = fc.constantFrom(
    'a',
    'b: ',
    ': ',
    '- ',
    '\n',
    '\n  ',
    '\t',
    '[',
    ']',
    '{',
    '}',
    ', ',
    '"',
    "'",
    '&x ',
    '*x',
    '<<: ',
    '!t ',
    '| ',
    '> ',
    '---\n',
    '# c',
    '${A}',
    '?',
    '가',
    '\r\n',
    '\u0000',
    '%',
    '@',
    '1',
  )
  const text = fc.oneof(
    { weight: 3, arbitrary: fc.array(piece, { maxLength: 40 }).map((parts) => parts.join('')) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  )
  fc.assert(
    fc.property(text, (source) => {
      const { document, diagnostics } = parseYaml('c.yaml', source)
      expect(document !== undefined || diagnostics.length > 0).toBe(true)
      for (const { line = 1, column = 1, message, excerpt } of diagnostics) {
        const lines = source.split('\n')
        expect(line).toBeLessThanOrEqual(lines.length)
        expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1)
        expect(message).not.toBe('')
        expect(excerpt?.start ?? 0).toBeLessThanOrEqual(excerpt?.text.length ?? 0)
      }
    }),
    { numRuns: 3000 },
  )
})
