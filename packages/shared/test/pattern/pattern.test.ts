import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Pattern, expandReplacement } from '@nightshift/shared/pattern/pattern'

/** Expressions that both JavaScript and we understand, and mean the same by; nested once, for JavaScript takes for ever over more. */
const expression: fc.Arbitrary<string> = fc.letrec<{ any: string; atom: string; piece: string; sequence: string }>((tie) => ({
  atom: fc.oneof(
    { maxDepth: 1, withCrossShrink: true },
    fc.constantFrom('a', 'b', 'c', '.', '\\d', '\\w', '[ab]', '[^a]', '[a-c1]', '\\.', '-'),
    tie('any').map((inner) => `(${inner})`),
    tie('any').map((inner) => `(?:${inner})`),
  ),
  piece: fc
    .tuple(tie('atom'), fc.constantFrom('', '', '', '*', '+', '?', '*?', '+?', '??', '{2}', '{1,2}', '{0,3}?', '{1,}'))
    .map(([atom, times]) => atom + times),
  sequence: fc.array(tie('piece'), { maxLength: 3 }).map((pieces) => pieces.join('')),
  any: fc.array(tie('sequence'), { minLength: 1, maxLength: 2 }).map((sequences) => sequences.join('|')),
})).any

describe('a pattern', () => {
  it('matches what the same regular expression of JavaScript matches as a whole', () => {
    fc.assert(
      fc.property(expression, fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '.', '-'), maxLength: 5 }), (source, text) => {
        let pattern: Pattern
        try {
          pattern = new Pattern(source)
        } catch (error) {
          if (/too large|nested/.test((error as Error).message)) return
          throw error
        }
        expect(pattern.match(text) !== undefined).toBe(new RegExp(`^(?:${source})$`, 's').test(text))
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    ['(.*):(\\d+)', 'web-1:8080', ['web-1:8080', 'web-1', '8080']],
    ['(a+)(a*)', 'aaa', ['aaa', 'aaa', '']],
    ['(a+?)(a*)', 'aaa', ['aaa', 'a', 'aa']],
    ['(a)|(b)', 'b', ['b', '', 'b']],
    ['(?i)GET|(post)', 'Post', ['Post', 'Post']],
    ['/api/v1/([^/]+)/?.*', '/api/v1/users/17', ['/api/v1/users/17', 'users']],
    ['^x$', 'x', ['x']],
    ['.*é(.)', 'caé😀', ['caé😀', '😀']],
  ])('%s finds the groups of %j', (source, text, groups) => {
    expect(new Pattern(source).match(text)?.groups).toEqual(groups)
  })

  it.each([
    '(',
    ')',
    '[a',
    '*a',
    'a**',
    '(?=a)',
    '(?<!a)b',
    '\\1',
    '\\b',
    'a{101}',
    'a{3,2}',
    '[z-a]',
    '\\',
    '((((a{50}){50}){50}){50})',
    '(?:(?:(?:){100}){100}){100}',
  ])('refuses %s with words', (source) => {
    expect(() => new Pattern(source)).toThrow(SyntaxError)
  })

  it('of any characters is either refused or takes its time from its length only', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...Array.from('ab.*+?()[]{}|^$\\-,129:<>P')), maxLength: 30 }),
        fc.string(),
        (source, text) => {
          try {
            new Pattern(source).match(text)
          } catch (error) {
            if (!(error instanceof SyntaxError)) throw error
          }
        },
      ),
    )
    const startMs = performance.now()
    for (const evil of ['(a*)*b', '(a|a)*b', '(a+)+b', '.*.*.*.*.*b']) expect(new Pattern(evil).match('a'.repeat(4000))).toBeUndefined()
    expect(performance.now() - startMs).toBeLessThan(1500)
  })

  it('fills its groups into a replacement', () => {
    const match = new Pattern('(?P<host>[^:]+):(\\d+)').match('web:80')
    if (match === undefined) throw new Error('no match')
    expect(expandReplacement('${host}-$2-${1}-$9-${none}-$$-$', match)).toBe('web-80-web---$-$')
  })
})
