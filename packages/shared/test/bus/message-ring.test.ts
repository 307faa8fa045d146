import { MessageRing } from '@nightshift/shared/bus/message-ring'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const message = (n: number, sizeBytes: number) => ({ subject: `ops.metric.web-1.${n}`, data: new Uint8Array(sizeBytes) })

describe('the ring', () => {
  it('keeps the newest that fit, in order, and counts the others', () => {
    const ring = new MessageRing(10_000)
    for (let n = 0; n < 100; n++) ring.push(message(n, 800))
    expect(ring.length).toBe(9)
    expect(ring.dropped).toBe(91)
    expect(ring.bytes).toBeLessThanOrEqual(10_000)
    expect(Array.from({ length: 9 }, () => ring.shift()?.subject)).toEqual(
      Array.from({ length: 9 }, (_, at) => `ops.metric.web-1.${91 + at}`),
    )
    expect(ring.shift()).toBeUndefined()
    expect(ring.bytes).toBe(0)
  })

  it('does not keep a message that is larger than itself', () => {
    const ring = new MessageRing(1000)
    ring.push(message(0, 5000))
    expect(ring.length).toBe(0)
    expect(ring.dropped).toBe(1)
    expect(ring.bytes).toBe(0)
  })

  it('behaves like a queue of which the head is cut off, whatever is pushed and shifted', () => {
    const step = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constant('shift' as const))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 5000 }), (steps) => {
        const ring = new MessageRing(20_000)
        let pushed = 0
        const taken: number[] = []
        for (const step of steps) {
          if (step === 'shift') {
            const next = ring.shift()
            if (next) taken.push(Number(next.subject.split('.').at(-1)))
          } else {
            ring.push(message(pushed++, step))
          }
          expect(ring.bytes).toBeLessThanOrEqual(20_000)
        }
        expect(taken).toEqual([...new Set(taken)].toSorted((a, b) => a - b))
        expect(ring.length + ring.dropped + taken.length).toBe(pushed)
      }),
      { numRuns: 50 },
    )
  })
})
