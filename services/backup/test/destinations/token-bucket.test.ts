import fc from 'fast-check'
import { expect, it } from 'vitest'
import { TokenBucket } from '../../src/destinations/token-bucket.ts'

it('never lets more through than the rate, a burst, and one file on top', () => {
  const steps = fc.array(fc.record({ bytes: fc.integer({ min: 0, max: 50_000 }), idleMs: fc.integer({ min: -100, max: 5000 }) }), {
    maxLength: 60,
  })
  fc.assert(
    fc.property(steps, fc.integer({ min: 100, max: 20_000 }), (all, bytesPerSecond) => {
      const bucket = new TokenBucket(bytesPerSecond)
      let [nowMs, taken, largest] = [0, 0, 0]
      for (const { bytes, idleMs } of all) {
        nowMs += idleMs
        const waitMs = bucket.take(bytes, nowMs)
        expect(waitMs).toBeGreaterThanOrEqual(0)
        nowMs += waitMs
        taken += bytes
        largest = Math.max(largest, bytes)
        const latestMs = Math.max(nowMs, 0) + 100 * all.length
        expect(taken).toBeLessThanOrEqual((latestMs / 1000) * bytesPerSecond + bytesPerSecond + largest + 1)
      }
    }),
  )
})

it('lets small things through at once after a while of rest', () => {
  const bucket = new TokenBucket(1000)
  bucket.take(5000, 0)
  expect(bucket.take(1, 0)).toBe(4000)
  expect(bucket.take(1, 60_000)).toBe(0)
})
