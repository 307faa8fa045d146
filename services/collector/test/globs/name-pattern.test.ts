import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { namePattern } from '../../src/globs/name-pattern.ts'

describe('a wildcard', () => {
  test.each([
    ['*.log', 'a.log', true],
    ['*.log', 'a.log.1', false],
    ['a?c*', 'abcd', true],
    ['a?c', 'ac', false],
    ['*', '', true],
    ['a.c', 'abc', false],
    ['**a', 'bba', true],
  ])('%s on %s gives %s', (pattern, name, fits) => {
    expect(namePattern(pattern, { marks: true })(name)).toBe(fits)
  })

  test('gives what a regular expression would, without its worst case', () => {
    const alphabet = (...letters: string[]) => fc.array(fc.constantFrom(...letters), { maxLength: 10 }).map((list) => list.join(''))
    fc.assert(
      fc.property(alphabet('a', 'b'), alphabet('a', 'b', '*', '?'), (name, pattern) => {
        const expression = new RegExp(`^${pattern.replaceAll('?', '.').replaceAll(/\*+/g, '.*')}$`)
        expect(namePattern(pattern, { marks: true })(name)).toBe(expression.test(name))
      }),
    )
    expect(namePattern(`${'*a'.repeat(60)}*b`)('a'.repeat(255))).toBe(false)
  })

  test.each([
    ['[ab]*.log', 'b.log', true],
    ['[!ab]*.log', 'b.log', false],
    ['[a-c]x', 'bx', true],
    ['[]]x', ']x', true],
    ['[a', '[a', true],
    ['*', '.hidden', false],
    ['.h*', '.hidden', true],
    ['*', 'a/b', false],
    ['카메라-?', '카메라-😀', true],
  ])('with sets and hidden dots: %s on %s gives %s', (pattern, name, fits) => {
    expect(namePattern(pattern, { marks: true, sets: true, hidesDots: true })(name)).toBe(fits)
  })

  test('crosses folders only where it may', () => {
    expect(namePattern('/mnt/*')('/mnt/a/b')).toBe(false)
    expect(namePattern('/mnt/*', { acrossFolders: true })('/mnt/a/b')).toBe(true)
    expect(namePattern('a?b')('a?b')).toBe(true)
    expect(namePattern('a?b')('axb')).toBe(false)
  })
})
