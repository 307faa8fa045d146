import { setTimeout as sleep } from 'node:timers/promises'
import { jetstreamManager } from '@nats-io/jetstream'
import { nanos } from '@nats-io/transport-node'
import { describe, expect, it } from 'vitest'
import { deafProxy } from './deaf-proxy.ts'
import { bootstrapped, broker, busOn, client, event, recordingLog, expectSoon } from './fixture.ts'
import { ascending, body, consumerInfo, publish, subject, work } from './consume-work.ts'

describe('consume, when things go wrong around it', () => {
  it('keeps reading through a broker that is killed, and handles nothing twice', async () => {
    const server = await broker()
    const bus = busOn(server)
    const handled: number[] = []
    const reader = bus.consume(
      work(
        async (message) => {
          handled.push(body(message).n)
          await sleep(2)
        },
        { ackWaitMs: 2000 },
      ),
    )
    let published = 0
    let stop = false
    const publishing = (async () => {
      while (!stop) {
        await bus.publishEvent(subject, event({ n: published++ }))
        await sleep(3)
      }
    })()
    for (let round = 0; round < 2; round++) {
      await sleep(300)
      await server.restart()
      await expectSoon(() => bus.state === 'connected')
    }
    await sleep(200)
    stop = true
    await publishing
    await expectSoon(
      () => reader.handled >= published,
      () => [reader.handled, published, bus.stats()],
    )
    await sleep(300)
    expect(handled).toEqual(ascending(published))
  })

  it('only acknowledges, and does not handle again, what comes back because the acknowledgement was lost', async () => {
    const server = await broker()
    const proxy = await deafProxy(server.port)
    const bus = busOn(proxy)
    await bus.ready()
    const handled: number[] = []
    const reader = bus.consume(
      work(async (message) => {
        handled.push(body(message).n)
        proxy.cut()
      }),
    )
    await busOn(server, { service: 'other' }).publishEvent(subject, event({ n: 0 }))
    await expectSoon(
      async () => handled.length === 1 && (await consumerInfo(server)).ack_floor.stream_seq === 1,
      () => handled,
    )
    expect(handled).toEqual([0])
    expect(reader.handled).toBe(1)
  })

  it('binds again when its consumer was removed, and when the broker lost its whole store', async () => {
    const server = await broker()
    const bus = busOn(server)
    const handled: number[] = []
    bus.consume(work(async (message) => void handled.push(body(message).n)))
    await publish(bus, 1)
    await expectSoon(() => handled.length === 1)
    const nc = await client(server)
    await (await jetstreamManager(nc)).consumers.delete('EVENTS', 'healer-web-1')
    await publish(bus, 1, 1)
    await expectSoon(
      () => handled.length === 2,
      () => handled,
    )
    await server.restart({ empty: true })
    await bootstrapped(server)
    await publish(bus, 1, 2)
    await expectSoon(
      () => handled.length === 3,
      () => handled,
    )
    expect(handled).toEqual([0, 1, 2])
  })

  it.each([1, 4])(
    'misses and repeats nothing when its consumer was removed, %i at once, begun with what was new then',
    async (concurrency) => {
      const server = await broker()
      const bus = busOn(server)
      await bus.ready()
      await publish(bus, 3)
      const handled: number[] = []
      bus.consume(work(async (message) => void handled.push(body(message).n), { startAt: 'new', concurrency }))
      await expectSoon(async () => (await consumerInfo(server).catch(() => undefined)) !== undefined)
      await publish(bus, 3, 3)
      await expectSoon(() => handled.length === 3)
      const jsm = await jetstreamManager(await client(server))
      await jsm.consumers.delete('EVENTS', 'healer-web-1')
      await publish(bus, 3, 6)
      await expectSoon(() => handled.length >= 6)
      await server.restart({ empty: true })
      await bootstrapped(server)
      await publish(bus, 2, 9)
      await expectSoon(() => handled.length >= 8)
      expect(handled.toSorted((a, b) => a - b)).toEqual(ascending(11).slice(3))
    },
  )

  it('changes a consumer that is set up otherwise', async () => {
    const server = await broker()
    const bus = busOn(server)
    const first = bus.consume(work(async () => undefined))
    await publish(bus, 1)
    await expectSoon(() => first.handled === 1)
    await first.stop()
    bus.consume(work(async () => undefined, { ackWaitMs: 7000, concurrency: 4 }))
    await expectSoon(async () => (await consumerInfo(server)).config.ack_wait === nanos(7000))
    expect((await consumerInfo(server)).config.max_ack_pending).toBe(1000)
    expect((await consumerInfo(server)).ack_floor.stream_seq).toBe(1)
  })

  it('says what it lacks, once, and goes on trying', async () => {
    const server = await broker({ bootstrapped: false })
    const { log, lines } = recordingLog()
    const bus = busOn(server, { needs: { streams: [], buckets: [] } }, log)
    const reader = bus.consume(work(async () => undefined))
    await sleep(1200)
    expect(lines.filter(({ msg }) => msg === 'cannot read; trying again')).toEqual([
      expect.objectContaining({ code: 'stream_not_found', stream: 'EVENTS', durable: 'healer-web-1' }),
    ])
    await bootstrapped(server)
    await publish(bus, 1)
    await expectSoon(() => reader.handled === 1)
  })

  it('shares the work between two processes of one name', async () => {
    const server = await broker()
    const [left, right] = [busOn(server), busOn(server)]
    const counts = [0, 0]
    const handle = (index: number) => async () => {
      counts[index] = (counts[index] ?? 0) + 1
      await sleep(2)
    }
    left.consume(work(handle(0), { concurrency: 2 }))
    right.consume(work(handle(1), { concurrency: 2 }))
    await left.ready()
    await right.ready()
    await publish(left, 100)
    await expectSoon(
      () => (counts[0] ?? 0) + (counts[1] ?? 0) === 100,
      () => counts,
    )
    expect(Math.min(...counts)).toBeGreaterThan(10)
  })
})
