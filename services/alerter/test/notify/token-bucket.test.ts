import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TokenBucket } from '../../src/notify/token-bucket.ts'

test('never gives more than burst and rate allow, and says exactly when there is one again', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 60 }), (burst, pauses) => {
      const rate = { burst, perMs: 60_000 }
      let nowMs = 0
      const bucket = new TokenBucket(rate, nowMs)
      let taken = 0
      for (const pauseMs of pauses) {
        nowMs += pauseMs
        const nextMs = bucket.nextMs(nowMs)
        const isTaken = bucket.take(nowMs)
        expect(isTaken).toBe(nextMs === nowMs)
        if (isTaken) taken++
        expect(taken).toBeLessThanOrEqual(burst + (nowMs * burst) / rate.perMs + 1e-6)
      }
    }),
  )
})

test('a clock that is set back takes nothing away', () => {
  const bucket = new TokenBucket({ burst: 2, perMs: 1000 }, 10_000)
  expect(bucket.take(5000)).toBe(true)
  expect(bucket.take(5000)).toBe(true)
  expect(bucket.take(5000)).toBe(false)
  expect(bucket.take(5500)).toBe(true)
})
