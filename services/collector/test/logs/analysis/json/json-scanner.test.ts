import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isEscapedText, isNumber, JsonScanner } from '../../../../src/logs/analysis/json/json-scanner.ts'
import { KeyTree } from '../../../../src/logs/analysis/json/key-tree.ts'

const wanted = ['level', 'msg', 'req.url', 'req.headers.host', 'err', 'a', '한글']
const tree = new KeyTree(wanted)
const scanner = new JsonScanner(tree)

type Values = Record<string, string | number>

/** What the scanner reads, decoded; or its verdict. */
function scan(text: string): Values | 'invalid' | 'unsure' {
  const bytes = Buffer.from(`${text}\n`)
  const verdict = scanner.scan(bytes, 0, bytes.length - 1)
  if (verdict !== 'object') return verdict
  const values: Values = {}
  for (let hit = 0; hit < scanner.hits; hit++) {
    const [from, to] = [scanner.from[hit] ?? 0, scanner.to[hit] ?? 0]
    const raw = bytes.toString('utf8', from, to)
    const kind = scanner.kind[hit]
    const way = tree.ways[scanner.leaf[hit] ?? 0]?.join('/') ?? ''
    values[way] = kind === isNumber ? Number(raw) : kind === isEscapedText ? JSON.parse(`"${raw}"`) : raw
  }
  return values
}

/** The same from JSON.parse. */
function parse(text: string): Values | 'invalid' {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return 'invalid'
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return 'invalid'
  const values: Values = {}
  for (const way of tree.ways) {
    const value = way.reduce<unknown>(
      (object, key) =>
        typeof object === 'object' && object !== null && !Array.isArray(object) && Object.hasOwn(object, key)
          ? (object as Record<string, unknown>)[key]
          : undefined,
      parsed,
    )
    if (typeof value === 'string' || typeof value === 'number') values[way.join('/')] = value
  }
  return values
}

const blank = fc.constantFrom('', '', '', ' ', '\t', '  ')
const keyName = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('level', 'msg', 'req', 'url', 'headers', 'host', 'req.url', 'err', 'a', '한글', '__proto__') },
  fc.string({ maxLength: 6 }),
)
const escapeFirst = (text: string): string =>
  text === '' ? '""' : `"\\u${text.charCodeAt(0).toString(16).padStart(4, '0')}${JSON.stringify(text.slice(1)).slice(1)}`
const key = fc.tuple(keyName, fc.nat(20)).map(([name, dice]) => (dice === 0 ? escapeFirst(name) : JSON.stringify(name)))
const scalar = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => JSON.stringify(text)),
  fc.string({ maxLength: 6 }).map(escapeFirst),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.integer().map(String),
  fc.constantFrom('null', 'true', 'false', '-0', '1e5', '1E-3', '0.5', '{}', '[]', '"\\ud83d\\ude00"', '"\\/\\b\\f\\n\\r\\t\\"\\\\"'),
)
const { object } = fc.letrec<{ value: string; object: string; array: string }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, { weight: 4, arbitrary: scalar }, tie('object'), tie('array')),
  array: fc.tuple(fc.array(tie('value'), { maxLength: 3 }), blank).map(([values, gap]) => `[${gap}${values.join(`${gap},${gap}`)}${gap}]`),
  object: fc
    .tuple(fc.array(fc.tuple(key, tie('value')), { maxLength: 7 }), blank)
    .map(([pairs, gap]) => `{${gap}${pairs.map(([name, value]) => `${name}${gap}:${gap}${value}`).join(`${gap},${gap}`)}${gap}}`),
}))

test('the scanner reads from any object what JSON.parse reads, or says that it is not sure', () => {
  let sure = 0
  fc.assert(
    fc.property(object, (text) => {
      const scanned = scan(text)
      if (scanned === 'unsure') return
      sure++
      expect(scanned).toEqual(parse(text))
    }),
    { numRuns: 3000 },
  )
  expect(sure).toBeGreaterThan(1500)
})

test('the scanner refuses exactly what JSON.parse refuses, whatever is changed in an object', () => {
  const change = fc.record({
    at: fc.nat(),
    remove: fc.nat(2),
    insert: fc.constantFrom('', '"', '\\', '{', '}', '[', ']', ',', ':', '0', '-', '.', 'e', 'x', '\u0001', 'u', ' '),
  })
  fc.assert(
    fc.property(object, change, (text, { at, insert, remove }) => {
      const place = at % (text.length + 1)
      const changed = text.slice(0, place) + insert + text.slice(place + remove)
      // A line holds no line feed, and a broken pair of surrogates becomes one replacement character on its way into bytes.
      if (changed.includes('\n') || !changed.isWellFormed()) return
      const scanned = scan(changed)
      expect(scanned === 'unsure' ? scanned : parse(changed)).toEqual(scanned)
    }),
    { numRuns: 3000 },
  )
})

test('an object without escaped or repeated wanted keys is never left to JSON.parse', () => {
  const names = fc.uniqueArray(fc.constantFrom('level', 'msg', 'x', 'y', '한글', 'b.c'), { maxLength: 6 })
  fc.assert(
    fc.property(names, fc.jsonValue({ maxDepth: 3 }), (keys, value) => {
      const clean = JSON.parse(JSON.stringify(value).replaceAll(/"(?:level|msg|req|err|a)":/g, '"z":'))
      const text = JSON.stringify(Object.fromEntries(keys.map((name) => [name, clean])))
      expect(scan(text)).not.toBe('unsure')
    }),
  )
})

test('a wanted key that stands twice, an escaped key and great depth are not read by the scanner', () => {
  expect(scan('{"level":1,"level":2}')).toBe('unsure')
  expect(scan(String.raw`{"lev\u0065l":1}`)).toBe('unsure')
  expect(scan(`{"x":${'['.repeat(100)}${']'.repeat(100)}}`)).toBe('unsure')
  expect(scan('{"x":1,"x":2,"level":3}')).toEqual({ level: 3 })
})
