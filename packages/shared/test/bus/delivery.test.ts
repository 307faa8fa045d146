import { toDelivery } from '@nightshift/shared/bus/delivery'
import type { Msg } from '@nats-io/transport-node'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const message = (reply?: string): Msg =>
  ({ subject: 'ops.health.web-1.http', data: new Uint8Array([1]), ...(reply !== undefined && { reply }) }) as Msg

describe('a delivery', () => {
  const expected = { seq: 77, attempt: 3, redelivered: true, deliverySeq: 5, receivedMs: 1_700_000_000_123, pending: 9 }

  it('is read from the acknowledgement subject of every server version', () => {
    expect(toDelivery(message('$JS.ACK.EVENTS.healer.3.77.5.1700000000123456789.9'))).toMatchObject(expected)
    expect(toDelivery(message('$JS.ACK.hub.ACCHASH.EVENTS.healer.3.77.5.1700000000123456789.9.rnd'))).toMatchObject(expected)
    expect(toDelivery(message('$JS.ACK._.ACCHASH.EVENTS.healer.1.77.5.1700000000123456789.9.rnd'))).toMatchObject({
      attempt: 1,
      redelivered: false,
    })
  })

  it('is none without such a subject', () => {
    expect(toDelivery(message())).toBeUndefined()
    fc.assert(
      fc.property(fc.string(), (reply) => {
        fc.pre(!reply.startsWith('$JS.ACK.'))
        expect(toDelivery(message(reply))).toBeUndefined()
      }),
    )
    expect(toDelivery(message('$JS.ACK.EVENTS'))).toBeUndefined()
  })
})
