import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineSplitter, maxLineLength } from '../../src/scrape/line-splitter.ts'
import { parseNumber, parsePageLine } from '../../src/scrape/page-line.ts'
import { parseSeriesText, printSeriesText } from '../../src/scrape/series-text.ts'

describe('a line of a page', () => {
  it.each([
    ['requests_total 5', 'requests_total', 5],
    ['requests_total{a="1"} 5', 'requests_total{a="1"}', 5],
    ['requests_total{a="1"}5', 'requests_total{a="1"}', 5],
    ['  requests_total { a = "1" , }   5.5e3  ', 'requests_total { a = "1" , }', 5500],
    ['a:b 1 1520879607789', 'a:b', 1],
    ['a 1 1520879607.789 # {id="x y"} 0.5 1520879607.7', 'a', 1],
    ['a 1 # {} 0.5', 'a', 1],
    ['a{b="}\\" {"} -.5', 'a{b="}\\" {"}', -0.5],
    ['a\t+Inf', 'a', Infinity],
    ['a NaN', 'a', NaN],
    ['a -inf', 'a', -Infinity],
  ])('%j is a sample', (line, series, value) => {
    expect(parsePageLine(line)).toEqual({ kind: 'sample', series, value })
  })

  it.each([
    ['', 'nothing'],
    ['# HELP a some words', 'nothing'],
    ['# EOF', 'end'],
    ['a', 'bad'],
    ['a{', 'bad'],
    ['a{b="}', 'bad'],
    ['a 0x10', 'bad'],
    ['a 1_000', 'bad'],
    ['a 1 later', 'bad'],
    ['a 1 2 3', 'bad'],
    ['# TYPE a', 'bad'],
  ])('%j is %s', (line, kind) => {
    expect(parsePageLine(line).kind).toBe(kind)
  })

  it('names the type of a family', () => {
    expect(parsePageLine('#  TYPE  a_b \t histogram ')).toEqual({ kind: 'type', family: 'a_b', type: 'histogram' })
  })

  it('is parsed back to what was printed', () => {
    const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,20}$/)
    const labels = fc.dictionary(fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,10}$/), fc.string({ unit: 'grapheme' }), { maxKeys: 8 })
    const tail = fc.constantFrom('', ' 1520879607789', ' 1520879607.5 # {a="}"} 1', ' # {} 2 3')
    fc.assert(
      fc.property(name, labels, fc.double(), tail, (metric, texts, value, rest) => {
        const series = { name: metric, labels: new Map(Object.entries(texts)) }
        const line = `${printSeriesText(series)} ${value === Infinity ? '+Inf' : value}${rest}`
        const parsed = parsePageLine(line)
        if (parsed.kind !== 'sample') throw new Error(`${parsed.kind}: ${line}`)
        expect(Object.is(parsed.value, value) || parsed.value === value).toBe(true)
        expect(parseSeriesText(parsed.series)).toEqual(series)
      }),
    )
  })

  it('of any characters at all neither throws nor takes long', () => {
    const odd = fc.string({
      unit: fc.constantFrom('a', '{', '}', '"', '\\', '=', ',', ' ', '\t', '#', '1', '.', 'e', '\u0000', 'é'),
      maxLength: 400,
    })
    fc.assert(
      fc.property(odd, (line) => {
        const parsed = parsePageLine(line)
        if (parsed.kind === 'sample') parseSeriesText(parsed.series)
      }),
    )
    const startMs = performance.now()
    for (const line of [`a{${'b="",'.repeat(10_000)}`, `a${' '.repeat(60_000)}x`, `a 1 # ${'{'.repeat(60_000)}`]) parsePageLine(line)
    expect(performance.now() - startMs).toBeLessThan(500)
  })

  it('carries only numbers that a float can be', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(parseNumber(String(value))).toBe(value + 0)
      }),
    )
    expect(['', '.', 'e5', '1e', '0b1', '--1', 'Infinit'].map(parseNumber)).toEqual(Array(7).fill(undefined))
  })
})

describe('the labels of a series', () => {
  it.each([
    ['9a', '"9a" is not the name of a metric'],
    ['a{1="x"}', 'one of its labels has no proper name'],
    ['a{b}', 'label b has no value'],
    ["a{b='x'}", 'the value of label b is not in double quotes'],
    ['a{b="x" c="y"}', 'something stands behind the value of label b'],
    ['a{b="x",b="y"}', 'label b stands there twice'],
    [`${'a'.repeat(129)}`, 'its name is longer than 128 characters'],
  ])('%j are refused: %s', (text, reason) => {
    expect(parseSeriesText(text)).toBe(reason)
  })

  it('keep an escape that the format does not know, and lose those it does', () => {
    expect(parseSeriesText(String.raw`a{b="\\n\d\"\n"}`)).toEqual({ name: 'a', labels: new Map([['b', '\\n\\d"\n']]) })
  })
})

describe('lines', () => {
  const split = (bytes: Uint8Array, size: number): (string | undefined)[] => {
    const lines: (string | undefined)[] = []
    const splitter = new LineSplitter()
    for (let at = 0; at < bytes.length; at += size) splitter.write(bytes.subarray(at, at + size), (line) => lines.push(line))
    splitter.end((line) => lines.push(line))
    return lines
  }

  it('are the same however the bytes arrive, also within a character', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.integer({ min: 1, max: 9 }), (texts, size) => {
        const whole = Buffer.from(texts.join('\n'))
        expect(split(whole, size)).toEqual(split(whole, whole.length + 1))
      }),
    )
    expect(split(Buffer.from('a\r\né\n\nb'), 1)).toEqual(['a', 'é', '', 'b'])
  })

  it('that are too long are left out one by one', () => {
    const page = Buffer.from(`a\n${'x'.repeat(maxLineLength * 3)}\nb\n${'y'.repeat(maxLineLength + 1)}`)
    expect(split(page, 1000)).toEqual(['a', undefined, 'b', undefined])
    expect(split(page, page.length)).toEqual(['a', undefined, 'b', undefined])
  })
})
