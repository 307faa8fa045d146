import { setTimeout as sleep } from 'node:timers/promises'
import { jetstreamManager } from '@nats-io/jetstream'
import type { Bus, FollowOptions, RawMessage } from '@nightshift/shared/bus/bus'
import type { Gap } from '@nightshift/shared/bus/follow-position'
import { ContractError } from '@nightshift/shared/errors'
import { describe, expect, it } from 'vitest'
import { deafProxy } from './deaf-proxy.ts'
import { bootstrapped, broker, busOn, client, event, recordingLog, storedIn, streamsConfig, expectSoon } from './fixture.ts'

const subject = 'ops.health.web-1.http'
const body = (message: RawMessage): { n: number } => JSON.parse(new TextDecoder().decode(message.data))
const ascending = (count: number, from = 0): number[] => Array.from({ length: count }, (_, n) => from + n)

async function publish(bus: Bus, count: number, from = 0, on = subject): Promise<void> {
  for (let n = from; n < from + count; n++) await bus.publishEvent(on, event({ n }))
}

/** A follower that notes what it sees. */
function follower(bus: Bus, options: Partial<FollowOptions> = {}) {
  const seen: number[] = []
  const gaps: Gap[] = []
  const caughtUp: number[] = []
  const reader = bus.follow({
    stream: 'EVENTS',
    name: 'alerter-0',
    after: 0,
    handle: (message) => void seen.push(body(message).n),
    onGap: (gap) => gaps.push(gap),
    onCaughtUp: (seq) => caughtUp.push(seq),
    ...options,
  })
  return { reader, seen, gaps, caughtUp }
}

describe('follow', () => {
  it('hands out everything in order, says when it has caught up, and goes on', async () => {
    const bus = busOn(await broker())
    await bus.ready()
    await publish(bus, 20)
    const { reader, seen, gaps, caughtUp } = follower(bus)
    await expectSoon(() => caughtUp.length === 1)
    expect(seen).toEqual(ascending(20))
    expect(caughtUp).toEqual([20])
    await publish(bus, 5, 20)
    await expectSoon(() => seen.length === 25)
    expect(seen).toEqual(ascending(25))
    expect(caughtUp).toEqual([20])
    expect(gaps).toEqual([])
    expect(reader).toMatchObject({ lastSeq: 25, handled: 25, deadLettered: 0, pending: 0 })
    expect(reader.incarnation).toMatch(/^\d{4}-/)
  })

  it('can begin at a time', async () => {
    const bus = busOn(await broker())
    await bus.ready()
    await publish(bus, 5)
    await sleep(20)
    const startMs = Date.now()
    await publish(bus, 5, 5)
    const { seen, gaps, caughtUp } = follower(bus, { startMs })
    const late = follower(bus, { name: 'alerter-1', startMs: Date.now() + 60_000 })
    await expectSoon(() => caughtUp.length === 1 && late.caughtUp.length === 1)
    expect([seen, late.seen, gaps]).toEqual([ascending(5, 5), [], []])
  })

  it('goes on behind a checkpoint, and can begin with what comes from now on', async () => {
    const bus = busOn(await broker())
    await bus.ready()
    await publish(bus, 10)
    const behind = follower(bus, { after: 7 })
    const fresh = follower(bus, { name: 'alerter-1', after: 'new' })
    await expectSoon(() => behind.caughtUp.length === 1 && fresh.caughtUp.length === 1)
    expect(behind.seen).toEqual([7, 8, 9])
    expect(fresh.reader.lastSeq).toBe(10)
    await publish(bus, 1, 10)
    await expectSoon(() => fresh.seen.length === 1)
    expect(fresh.seen).toEqual([10])
  })

  it('catches up at once with an empty stream, and with a filter that matches nothing', async () => {
    const bus = busOn(await broker())
    await bus.ready()
    const empty = follower(bus)
    await expectSoon(() => empty.caughtUp.length === 1)
    expect(empty.caughtUp).toEqual([0])
    await publish(bus, 3)
    const other = follower(bus, { name: 'other', filter: 'ops.backup.>' })
    await expectSoon(() => other.caughtUp.length === 1)
    expect(other.caughtUp).toEqual([3])
    expect(other.reader.lastSeq).toBe(3)
  })

  it('sees only what its filter lets through', async () => {
    const bus = busOn(await broker())
    await bus.ready()
    await publish(bus, 3)
    await publish(bus, 2, 100, 'ops.change.web-1.deploy')
    await publish(bus, 1, 3)
    const { seen, gaps, reader } = follower(bus, { filter: 'ops.change.>' })
    await expectSoon(() => seen.length === 2)
    expect(seen).toEqual([100, 101])
    await expectSoon(() => reader.lastSeq === 6)
    expect(gaps).toEqual([])
  })

  it('handles one at a time, however many wait', async () => {
    const bus = busOn(await broker())
    await bus.ready()
    await publish(bus, 30)
    let busy = 0
    const seen: number[] = []
    follower(bus, {
      handle: async (message) => {
        expect(++busy).toBe(1)
        await sleep(1)
        seen.push(body(message).n)
        busy--
      },
    })
    await expectSoon(() => seen.length === 30)
    expect(seen).toEqual(ascending(30))
  })

  it('dead-letters what its handler throws, and the next follows', async () => {
    const server = await broker()
    const bus = busOn(server)
    await bus.ready()
    await publish(bus, 4)
    const seen: number[] = []
    const { reader, caughtUp } = follower(bus, {
      handle: (message) => {
        const { n } = body(message)
        if (n === 1) throw new ContractError('schema', 'not ours')
        if (n === 2) return Promise.reject(new TypeError('a bug'))
        seen.push(n)
        return undefined
      },
    })
    await expectSoon(() => caughtUp.length === 1)
    expect(seen).toEqual([0, 3])
    expect(reader).toMatchObject({ handled: 2, deadLettered: 2, lastSeq: 4 })
    const nc = await client(server)
    await expectSoon(async () => (await storedIn(nc, 'DEAD')).length === 2)
    const jsm = await jetstreamManager(nc)
    expect((await jsm.streams.getMessage('DEAD', { seq: 1 }))?.json()).toMatchObject({ reason: 'schema', stream_seq: 2, stream: 'EVENTS' })
    expect((await jsm.streams.getMessage('DEAD', { seq: 2 }))?.json()).toMatchObject({ reason: 'failed', message: 'a bug', stream_seq: 3 })
  })

  it('buries a message once, however often it is read again', async () => {
    const server = await broker()
    const bus = busOn(server)
    await bus.ready()
    await publish(bus, 1)
    const refuse = () => {
      throw new ContractError('schema', 'not ours')
    }
    const first = follower(bus, { handle: refuse })
    await expectSoon(() => first.caughtUp.length === 1)
    await first.reader.stop()
    const second = follower(bus, { handle: refuse })
    await expectSoon(() => second.caughtUp.length === 1)
    expect(second.reader.deadLettered).toBe(1)
    expect(await storedIn(await client(server), 'DEAD')).toHaveLength(1)
  })

  it('loses and repeats nothing through a broker that is killed, and catches up each time', async () => {
    const server = await broker()
    const bus = busOn(server)
    await bus.ready()
    const { seen, gaps, caughtUp } = follower(bus)
    let published = 0
    let stop = false
    const publishing = (async () => {
      while (!stop) {
        await bus.publishEvent(subject, event({ n: published++ }))
        await sleep(2)
      }
    })()
    for (let round = 0; round < 3; round++) {
      await sleep(200)
      await server.restart()
      await expectSoon(
        () => bus.state === 'connected' && caughtUp.length > round + 1,
        () => caughtUp,
      )
    }
    stop = true
    await publishing
    await expectSoon(
      () => seen.length >= published,
      () => [seen.length, published, bus.stats()],
    )
    expect(seen).toEqual(ascending(published))
    expect(gaps).toEqual([])
  })

  it('starts over from its checkpoint when the connection is cut in the middle of a batch', async () => {
    const server = await broker()
    const proxy = await deafProxy(server.port)
    const publisher = busOn(server, { service: 'other' })
    await publisher.ready()
    await publish(publisher, 3000)
    const bus = busOn(proxy)
    const seen: number[] = []
    const { gaps } = follower(bus, {
      handle: async (message) => {
        seen.push(body(message).n)
        if (seen.length === 500 || seen.length === 1700) proxy.cut()
        if (seen.length % 100 === 0) await sleep(1)
      },
    })
    await expectSoon(
      () => seen.length >= 3000,
      () => seen.length,
    )
    expect(seen).toEqual(ascending(3000))
    expect(gaps).toEqual([])
  })

  it('reports what expired while it was away', async () => {
    const server = await broker({ bootstrapped: false })
    await bootstrapped(server, { config: { ...streamsConfig, events: { max_age: 3600_000, max_bytes: 4 * 1024 * 1024 } } })
    const bus = busOn(server)
    await bus.ready()
    await publish(bus, 10)
    const jsm = await jetstreamManager(await client(server))
    await jsm.streams.purge('EVENTS', { seq: 8 })
    const { seen, gaps } = follower(bus, { after: 3 })
    await expectSoon(() => seen.length === 3)
    expect(gaps).toEqual([{ afterSeq: 3, firstSeq: 8, reason: 'expired' }])
    expect(seen).toEqual([7, 8, 9])
  })

  it('reports what the stream dropped before a slow reader came to it', async () => {
    const server = await broker()
    const jsm = await jetstreamManager(await client(server))
    const bus = busOn(server)
    await bus.ready()
    await publish(bus, 5000)
    const seen: number[] = []
    const { gaps } = follower(bus, {
      handle: async (message) => {
        seen.push(body(message).n)
        if (seen.length === 1) {
          await jsm.streams.purge('EVENTS', { seq: 4500 })
          await sleep(100)
        }
      },
    })
    await expectSoon(() => seen.at(-1) === 4999)
    expect(gaps).toHaveLength(1)
    expect(gaps[0]).toMatchObject({ reason: 'expired', firstSeq: 4500 })
    expect(seen.length).toBeLessThan(2000)
  })

  it('sees that the broker lost its store, while running and from a stored checkpoint', async () => {
    const server = await broker()
    const bus = busOn(server)
    await bus.ready()
    const running = follower(bus)
    await publish(bus, 5)
    await expectSoon(() => running.seen.length === 5)
    const { lastSeq, incarnation } = running.reader
    await server.restart({ empty: true })
    await bootstrapped(server)
    await publish(bus, 8, 100)
    await expectSoon(
      () => running.seen.length === 13,
      () => [running, bus.stats()],
    )
    expect(running.seen).toEqual([...ascending(5), ...ascending(8, 100)])
    expect(running.gaps).toEqual([expect.objectContaining({ afterSeq: 5, reason: 'recreated' })])
    const restarted = follower(bus, { name: 'restarted', after: lastSeq, incarnation })
    await expectSoon(() => restarted.caughtUp.length === 1)
    expect(restarted.seen).toEqual(ascending(8, 100))
    expect(restarted.gaps).toEqual([{ afterSeq: 5, firstSeq: 1, reason: 'recreated' }])
  })

  it('does not take a restart of the broker for a new stream', async () => {
    const server = await broker()
    const bus = busOn(server)
    await bus.ready()
    await publish(bus, 3)
    const first = follower(bus)
    await expectSoon(() => first.caughtUp.length === 1)
    const { lastSeq, incarnation } = first.reader
    await first.reader.stop()
    await server.restart()
    await expectSoon(() => bus.state === 'connected')
    const second = follower(bus, { after: lastSeq, incarnation })
    await expectSoon(() => second.caughtUp.length === 1)
    expect(second.gaps).toEqual([])
    expect(second.reader.incarnation).toBe(incarnation)
  })

  it('binds again when its consumer was removed', async () => {
    const server = await broker()
    const bus = busOn(server)
    await bus.ready()
    const { seen } = follower(bus)
    await publish(bus, 2)
    await expectSoon(() => seen.length === 2)
    await (await jetstreamManager(await client(server))).consumers.delete('EVENTS', 'alerter-0')
    await publish(bus, 2, 2)
    await expectSoon(() => seen.length === 4)
    expect(seen).toEqual(ascending(4))
  })

  it('stands back while a second reader of its name is at work, and takes over again when that is gone', async () => {
    const server = await broker()
    const { log, lines } = recordingLog()
    const old = busOn(server, {}, log)
    await old.ready()
    const first = follower(old)
    await expectSoon(() => first.caughtUp.length === 1)
    const successor = busOn(server)
    const second = follower(successor)
    await expectSoon(() => lines.some(({ code }) => code === 'reader_taken_over'))
    await publish(old, 3)
    await expectSoon(() => second.seen.length === 3)
    await sleep(500)
    expect(first.seen).toEqual([])
    await successor.close()
    await expectSoon(() => first.seen.length === 3)
    expect(first.seen).toEqual(ascending(3))
  })

  it('stops after the message at hand and leaves no consumer behind', async () => {
    const server = await broker()
    const bus = busOn(server)
    await bus.ready()
    await publish(bus, 10)
    const started = Promise.withResolvers<void>()
    const { reader } = follower(bus, {
      handle: async () => {
        started.resolve()
        await sleep(200)
      },
    })
    await started.promise
    await reader.stop()
    expect(reader).toMatchObject({ handled: 1, lastSeq: 1 })
    const consumers = await (await jetstreamManager(await client(server))).consumers.list('EVENTS').next()
    expect(consumers).toEqual([])
  })

  it('takes no more into memory than it can hold', async () => {
    const server = await broker()
    const bus = busOn(server)
    await bus.ready()
    for (let n = 0; n < 60; n++) await bus.publishEvent(subject, event({ n, text: 'x'.repeat(500_000) }))
    const nc = await client(server)
    const started = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    const reading = busOn(server, { service: 'reporter' })
    const { seen } = follower(reading, {
      handle: async (message) => {
        seen.push(body(message).n)
        started.resolve()
        await go.promise
      },
    })
    await started.promise
    await sleep(300)
    const [consumer] = await (await jetstreamManager(nc)).consumers.list('EVENTS').next()
    expect(consumer?.delivered.consumer_seq).toBeLessThanOrEqual(20)
    go.resolve()
    await expectSoon(() => seen.length === 60)
    expect(seen).toEqual(ascending(60))
  })

  it('goes on when a frozen broker thaws', async () => {
    const server = await broker()
    const bus = busOn(server)
    await bus.ready()
    const { seen, gaps } = follower(bus)
    await publish(bus, 2)
    await expectSoon(() => seen.length === 2)
    await server.kill('SIGSTOP')
    await sleep(1000)
    await server.kill('SIGCONT')
    await publish(bus, 2, 2)
    await expectSoon(() => seen.length === 4)
    expect(seen).toEqual(ascending(4))
    expect(gaps).toEqual([])
  })
})
