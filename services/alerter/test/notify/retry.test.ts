import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isWorthTelling, judgeFailure, type Failure } from '../../src/notify/retry.ts'

const now = Date.parse('2026-11-21T03:00:00.000Z')
const failure = (change: Partial<Failure> = {}): Failure => ({
  attempts: 1,
  createdMs: now,
  transient: true,
  retryAfterMs: undefined,
  ...change,
})
const waitMs = (change: Partial<Failure>, random: number): number => {
  const verdict = judgeFailure(failure(change), now, random)
  return verdict.kind === 'retry' ? verdict.atMs - now : Number.NaN
}

describe('a failed attempt', () => {
  it.each([
    [1, 500, 1000],
    [2, 1000, 2000],
    [3, 2000, 4000],
    [9, 128_000, 256_000],
    [10, 150_000, 300_000],
    [1000, 150_000, 300_000],
  ])('number %d waits between %d and %d ms', (attempts, least, most) => {
    expect(waitMs({ attempts }, 0)).toBe(least)
    expect(waitMs({ attempts }, 1)).toBe(most)
  })

  it('never comes back sooner than the other side asked', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 0, max: 3_600_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempts, retryAfterMs, random) => {
          expect(waitMs({ attempts, retryAfterMs }, random)).toBeGreaterThanOrEqual(retryAfterMs)
        },
      ),
    )
  })

  it('is the last when it would be refused again', () => {
    expect(judgeFailure(failure({ transient: false }), now, 0)).toEqual({ kind: 'dead', because: 'it would be refused again' })
  })

  it('is the last after 24 hours', () => {
    const day = 24 * 3_600_000
    expect(judgeFailure(failure({ createdMs: now - day + 2000 }), now, 1).kind).toBe('retry')
    expect(judgeFailure(failure({ createdMs: now - day + 999 }), now, 1)).toEqual({ kind: 'dead', because: 'it was tried for 24 hours' })
  })

  it('is told about ever more rarely', () => {
    expect(Array.from({ length: 20 }, (_, index) => index + 1).filter(isWorthTelling)).toEqual([1, 2, 4, 8, 16])
  })
})
