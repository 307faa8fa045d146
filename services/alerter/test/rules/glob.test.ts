import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchesAny, matchesGlob } from '../../src/rules/glob.ts'

describe('a pattern', () => {
  it.each([
    ['web-*', 'web-1', true],
    ['web-*', 'web-', true],
    ['web-*', 'db-1', false],
    ['*', '', true],
    ['?', '', false],
    ['web-?', 'web-1', true],
    ['web-?', 'web-12', false],
    ['*.example.com', 'db.example.com', true],
    ['*.example.com', 'dbxexample.com', false],
    ['/data*', '/data/a', true],
    ['a*b*c', 'a1b2b3c', true],
    ['a*b*c', 'a1b2b3', false],
  ])('%s matches %s: %s', (pattern, text, expected) => {
    expect(matchesGlob(pattern, text)).toBe(expected)
  })

  it('agrees with the regular expression it stands for', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 })
    fc.assert(
      fc.property(letters, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 }), (pattern, text) => {
        const regex = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`)
        expect(matchesGlob(pattern, text)).toBe(regex.test(text))
      }),
    )
  })

  it('takes no longer for many stars than for few', () => {
    const started = performance.now()
    expect(matchesGlob('*a'.repeat(200), `${'a'.repeat(5000)}b`)).toBe(false)
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

describe('a list of patterns', () => {
  it('lets in what one of them names', () => {
    expect(matchesAny(['web-*', 'db-1'], 'db-1')).toBe(true)
    expect(matchesAny(['web-*', 'db-1'], 'db-2')).toBe(false)
  })

  it('leaves out what a ! names, and only then', () => {
    expect(matchesAny(['!build-*'], 'web-1')).toBe(true)
    expect(matchesAny(['!build-*'], 'build-1')).toBe(false)
    expect(matchesAny(['web-*', '!web-9'], 'web-9')).toBe(false)
  })
})
