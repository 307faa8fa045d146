import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import type { Msg, NatsConnection } from '@nats-io/transport-node'
import type { Delivery } from '@nightshift/shared/bus/delivery'
import { Pull } from '@nightshift/shared/bus/pull'
import { systemClock } from '@nightshift/shared/clock'
import { describe, expect, it } from 'vitest'
import { broker, client, expectSoon } from './fixture.ts'

/** A pull whose consumer is played by the test: what the server says between messages depends on its version. */
async function played(answer: (request: Msg, count: number, nc: NatsConnection) => void, clock = systemClock) {
  const nc = await client(await broker({ bootstrapped: false }))
  const requests: { batch: number }[] = []
  nc.subscribe('$JS.API.CONSUMER.MSG.NEXT.STREAM.reader', {
    callback: (_, request) => {
      requests.push(request.json())
      answer(request, requests.length, nc)
    },
  })
  const deliveries: Delivery[] = []
  const idles: (number | undefined)[] = []
  const broken = new AbortController()
  const live = { nc, js: jetstream(nc), jsm: await jetstreamManager(nc, { checkAPI: false }), broken: broken.signal }
  const pull = new Pull(live, '_INBOX', {
    stream: 'STREAM',
    consumer: 'reader',
    capacity: 10,
    onDelivery: (delivery) => deliveries.push(delivery),
    onIdle: (seq) => idles.push(seq),
    clock,
  })
  return { pull, requests, deliveries, idles, broken }
}

/** A status message has a head line only: `NATS/1.0 408 Request Timeout`. The client has no way to send one, so the test writes the bytes. */
function status(request: Msg, nc: NatsConnection, line: string, fields: Record<string, string> = {}): void {
  const head = `NATS/1.0 ${line}\r\n${Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`
  nc.publish(request.reply ?? '', '', { headers: { encode: () => new TextEncoder().encode(head) } as never })
}

describe('a pull', () => {
  it.each([
    ['409 Consumer Deleted', 'gone'],
    ['409 Server Shutdown', 'gone'],
    ['409 Leadership Change', 'gone'],
    ['409 Exceeded MaxWaiting', 'gone'],
    ['409 Consumer is push based', 'refused'],
    ['503', 'gone'],
    ['400 Bad Request', 'refused'],
  ])('ends when the server says %s', async (line, end) => {
    const { pull } = await played((request, _, nc) => status(request, nc, line))
    expect(await pull.ended).toBe(end)
  })

  it('asks again for what a request left over', async () => {
    const { pull, requests, idles } = await played((request, count, nc) => {
      if (count === 1) status(request, nc, '408 Request Timeout', { 'Nats-Pending-Messages': '10', 'Nats-Pending-Bytes': '0' })
      if (count === 2) status(request, nc, '404 No Messages')
      if (count === 3) status(request, nc, '409 Batch Completed')
    })
    await expectSoon(
      () => requests.length === 4,
      () => requests,
    )
    expect(requests.map(({ batch }) => batch)).toEqual([10, 10, 10, 10])
    expect(idles).toEqual([undefined, undefined])
    pull.stop()
    expect(await pull.ended).toBe('stopped')
  })

  it('passes on the last delivery of a heartbeat', async () => {
    const { idles, pull } = await played((request, _, nc) =>
      status(request, nc, '100 Idle Heartbeat', { 'Nats-Last-Consumer': '7', 'Nats-Last-Stream': '9' }),
    )
    await expectSoon(() => idles.length === 1)
    expect(idles).toEqual([7])
    pull.stop()
  })

  it('ends when nothing is heard for too long', async () => {
    const hurried = { ...systemClock, monotonicMs: () => performance.now() * 3 }
    const { pull } = await played(() => undefined, hurried)
    expect(await pull.ended).toBe('silent')
  })

  it('ends with the connection', async () => {
    const { pull, broken } = await played(() => undefined)
    broken.abort()
    expect(await pull.ended).toBe('broken')
  })
})
