import { didYouMean, editDistance, nearest } from '@nightshift/shared/config/did-you-mean'
import fc from 'fast-check'
import { expect, test } from 'vitest'

test.each([
  ['evry', 'every'],
  ['eveyr', 'every'],
  ['max-bytes', 'max_bytes'],
  ['maxBytes', 'max_bytes'],
  ['warn', 'warning'],
  ['server', 'servers'],
  ['htpp', 'http'],
])('%s is taken for %s', (written, meant) => {
  expect(nearest(written, ['every', 'timeout', 'max_bytes', 'warning', 'info', 'servers', 'http', 'tcp'])).toBe(meant)
})

test.each(['destination', 'x', '', 'a'.repeat(1000), '주기'])('%j is taken for nothing', (written) => {
  expect(nearest(written, ['every', 'timeout', 'info', 'ok', 'b'])).toBeUndefined()
})

test('of several that are near, the nearest is meant', () => {
  expect(didYouMean('fs.used_rato', ['cpu.user_ratio', 'fs.used_ratio', 'mem.used_ratio'])).toBe('did you mean "fs.used_ratio"?')
})

test('two swapped letters are one slip', () => {
  expect(editDistance('htpt', 'http')).toBe(1)
})

test('the edit distance is a distance', () => {
  const word = fc.string({ maxLength: 12 })
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b)
      expect(distance).toBe(editDistance(b, a))
      expect(distance === 0).toBe(a === b)
      expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length))
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length))
    }),
  )
})
