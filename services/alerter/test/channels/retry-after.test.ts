import { describe, expect, it } from 'vitest'
import { retryAfterMs } from '../../src/channels/retry-after.ts'

const now = Date.parse('2026-11-21T03:00:00.000Z')

describe('Retry-After', () => {
  it.each([
    ['5', 5000],
    [' 0 ', 0],
    ['Sat, 21 Nov 2026 03:01:00 GMT', 60_000],
    ['Sat, 21 Nov 2026 02:00:00 GMT', 0],
    ['999999999', 3_600_000],
    ['soon', undefined],
    ['-5', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j is %s ms', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected)
  })
})
