import type { Delivery } from '@nightshift/shared/bus/delivery'
import { InOrder } from '@nightshift/shared/bus/in-order'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

function delivery(deliverySeq: number): Delivery {
  return {
    subject: 's',
    data: new Uint8Array(),
    seq: deliverySeq,
    redelivered: false,
    attempt: 1,
    receivedMs: 0,
    deliverySeq,
    pending: 0,
    reply: '',
  }
}

describe('deliveries in order', () => {
  it('are handled one at a time, whether their handlers wait or not', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ waits: fc.boolean(), pause: fc.boolean() }), { maxLength: 50 }), async (plan) => {
        const handled: number[] = []
        let busy = 0
        let done = 0
        const work = new InOrder({
          handle: ({ deliverySeq }) => {
            expect(++busy).toBe(1)
            const finish = (): void => {
              handled.push(deliverySeq)
              busy--
            }
            if (plan[deliverySeq - 1]?.waits) return new Promise((resolve) => setImmediate(resolve)).then(finish)
            finish()
            return undefined
          },
          onDone: () => done++,
          onHole: () => expect.fail('there is no hole'),
          stopping: new AbortController().signal,
        })
        for (const [index, { pause }] of plan.entries()) {
          work.push(delivery(index + 1))
          if (pause) await new Promise((resolve) => setImmediate(resolve))
        }
        await work.settled()
        expect(handled).toEqual(plan.map((_, index) => index + 1))
        expect(done).toBe(plan.length)
        expect(work.isIdle).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  it('end at the first hole, and nothing behind it is handled', async () => {
    const handled: number[] = []
    let holes = 0
    const work = new InOrder({
      handle: ({ deliverySeq }) => void handled.push(deliverySeq),
      onDone: () => undefined,
      onHole: () => holes++,
      stopping: new AbortController().signal,
    })
    for (const seq of [1, 2, 4, 5, 3]) work.push(delivery(seq))
    await work.settled()
    expect(handled).toEqual([1, 2])
    expect(holes).toBe(1)
  })

  it('end when stopped, after the one at hand', async () => {
    const handled: number[] = []
    const stopping = new AbortController()
    const work = new InOrder({
      handle: async ({ deliverySeq }) => {
        await new Promise((resolve) => setImmediate(resolve))
        handled.push(deliverySeq)
      },
      onDone: () => undefined,
      onHole: () => undefined,
      stopping: stopping.signal,
    })
    for (const seq of [1, 2, 3]) work.push(delivery(seq))
    stopping.abort()
    await work.settled()
    expect(handled).toEqual([1])
  })
})
