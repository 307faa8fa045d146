import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PatternCost } from '../../src/patterns/pattern-cost.ts'

const most = 2 ** 30
const riskOf = (source: string): string | undefined => new PatternCost(source, '', true).risk(4096, most)?.reason

test.each([
  [String.raw`(a+)+b`, 'a repeat within a repeat'],
  [String.raw`(?:\w+\s?)*x`, 'a repeat within a repeat'],
  [String.raw`((?:a{2,})b?)*c`, 'a repeat within a repeat'],
  [String.raw`(?:a?)*b`, 'a repeat within a repeat'],
  [String.raw`(?:a{0,9})+b`, 'a repeat within a repeat'],
  [String.raw`(?:a?){30}a{30}`, 'a repeat within a repeat'],
  [String.raw`(?:ж+)+!`, 'a repeat within a repeat'],
  [String.raw`(?:[а-я]|\u0436)+!`, 'alternatives within a repeat'],
  [String.raw`(?i:(?:k|K)+)!`, 'alternatives within a repeat'],
  [`${'a?'.repeat(30)}${'a'.repeat(30)}`, 'too many repeats that can match the same text'],
  [`${'(?:a|a)'.repeat(30)}b`, 'too many repeats that can match the same text'],
  [String.raw`(a|aa)+b`, 'alternatives within a repeat'],
  [String.raw`(?:a|a){20}b`, 'alternatives within a repeat'],
  [String.raw`(?<m>(?:\d|[0-9]){27}) `, 'alternatives within a repeat'],
  [String.raw`(?:(?:a|b)|[ac]){27}!`, 'alternatives within a repeat'],
  [String.raw`(?=(a+)+b)x`, 'a repeat within a repeat'],
  [String.raw`(?<=(?:ba*)+a*)x`, 'a repeat within a repeat'],
  [String.raw`(?<q>"|').*\k<q>`, 'a back reference'],
  [String.raw`(.).*\1`, 'a back reference'],
  [String.raw`.*x.*y.*z`, 'too many repeats that can match the same text'],
  [String.raw`\s*\w*\d*\w*x`, 'too many repeats that can match the same text'],
  [String.raw`\d+\d+\d+x`, 'too many repeats that can match the same text'],
])('%s is too dear: %s', (source, reason) => {
  expect(riskOf(source)).toBe(reason)
})

test.each([
  String.raw`^(\S+) (\S+) \[([^\]]+)\] "([^"]*)" (\d{3}) (\d+)$`,
  String.raw`(?<time>.*?) - (?<level>\w+) - (?<message>.*)`,
  String.raw`\[[^\]]*\] (?:a|b|c) (?:x\d+)? .*`,
  String.raw`[A-Z]{3} \d{1,3}(?:\.\d{1,3}){3} .*`,
  String.raw`a\(b\+\)+ [)(]+ .*`,
  String.raw`(?:\w+=\S+ )*end`,
])('%s is cheap enough', (source) => {
  expect(riskOf(source)).toBeUndefined()
})

test('what is known to be cheap is: patterns of any shape on the lines that suit them, in the time their steps take', () => {
  const atom = fc.constantFrom('a', '.', String.raw`\w`, String.raw`\s`, String.raw`\d`, '[ab]', '[^b]', 'b', ' ', '가', String.raw`\b`)
  const times = fc.constantFrom('', '', '*', '+', '?', '{2,}', '*?', '{0,9}', '{3}', '{20}')
  const expression = fc.letrec<{ any: string; piece: string; sequence: string }>((tie) => ({
    piece: fc
      .tuple(
        fc.oneof(
          { maxDepth: 2, withCrossShrink: true },
          atom,
          tie('any').map((inner) => `(?:${inner})`),
          tie('any').map((inner) => `(?=${inner})`),
        ),
        times,
      )
      .map(([one, quantifier]) => (one === String.raw`\b` || one.startsWith('(?=') ? one : one + quantifier)),
    sequence: fc.array(tie('piece'), { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join('')),
    any: fc.array(tie('sequence'), { minLength: 1, maxLength: 2 }).map((sequences) => sequences.join('|')),
  })).any
  let cheap = 0
  fc.assert(
    fc.property(
      expression,
      fc.constantFrom('a', 'b', ' ', 'ab', 'a ', '1', '가'),
      fc.constantFrom(40, 400, 4000),
      (source, unit, length) => {
        const full = `(?:${source})!`
        if (new PatternCost(full, '', true).steps(length) > 2 ** 20) return
        cheap++
        const startedMs = performance.now()
        new RegExp(`^(?:${full})`).exec(unit.repeat(Math.floor(length / unit.length)))
        expect(performance.now() - startedMs).toBeLessThan(100)
      },
    ),
    { numRuns: 1500 },
  )
  expect(cheap).toBeGreaterThan(200)
})
