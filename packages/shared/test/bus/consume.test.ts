import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { jetstreamManager } from '@nats-io/jetstream'
import { ContractError, EffectError } from '@nightshift/shared/errors'
import { describe, expect, it, onTestFinished } from 'vitest'
import { broker, busOn, client, storedIn, expectSoon } from './fixture.ts'
import { ascending, body, consumerInfo, publish, subject, work } from './consume-work.ts'

describe('consume', () => {
  it('hands out every message in order and acknowledges it', async () => {
    const server = await broker()
    const bus = busOn(server)
    const handled: number[] = []
    const reader = bus.consume(work(async (message) => void handled.push(body(message).n)))
    await publish(bus, 50)
    await expectSoon(() => reader.handled === 50)
    expect(handled).toEqual(ascending(50))
    expect(reader.lastSeq).toBe(50)
    await expectSoon(async () => (await consumerInfo(server)).num_ack_pending === 0)
    expect((await consumerInfo(server)).config).toMatchObject({
      filter_subject: 'ops.health.web-1.>',
      ack_policy: 'explicit',
      max_ack_pending: 1,
    })
  })

  it('goes on where the last run stopped', async () => {
    const server = await broker()
    const bus = busOn(server)
    const first = bus.consume(work(async () => undefined))
    await publish(bus, 5)
    await expectSoon(() => first.handled === 5)
    await first.stop()
    await publish(bus, 3, 5)
    const handled: number[] = []
    bus.consume(work(async (message) => void handled.push(body(message).n)))
    await expectSoon(() => handled.length === 3)
    expect(handled).toEqual([5, 6, 7])
  })

  it('can begin with what comes from now on', async () => {
    const server = await broker()
    const bus = busOn(server)
    await bus.ready()
    await publish(bus, 5)
    const handled: number[] = []
    bus.consume(work(async (message) => void handled.push(body(message).n), { startAt: 'new' }))
    await expectSoon(async () => (await consumerInfo(server).catch(() => undefined)) !== undefined)
    await publish(bus, 1, 5)
    await expectSoon(() => handled.length === 1)
    expect(handled).toEqual([5])
  })

  it('hands out again what a process was working on when it was killed', async () => {
    const server = await broker()
    const bus = busOn(server)
    await publish(bus, 6)
    const child = spawn(process.execPath, [fileURLToPath(new URL('consume-until-killed.ts', import.meta.url)), server.url])
    onTestFinished(() => void child.kill('SIGKILL'))
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    await expectSoon(
      () => output === '0\n1\n2\n3\n',
      () => output,
    )
    child.kill('SIGKILL')
    await once(child, 'exit')
    const seen: [number, boolean][] = []
    bus.consume(work(async (message) => void seen.push([body(message).n, message.redelivered])))
    await expectSoon(
      () => seen.length === 3,
      () => seen,
    )
    expect(seen).toEqual([
      [3, true],
      [4, false],
      [5, false],
    ])
  })

  it('tries again what failed for a passing reason, in order', async () => {
    const server = await broker()
    const bus = busOn(server)
    const attempts: [number, number][] = []
    const reader = bus.consume(
      work(async (message) => {
        attempts.push([body(message).n, message.attempt])
        if (body(message).n === 1 && message.attempt < 3) throw new EffectError('refused_just_now', 'try later', { transient: true })
        if (body(message).n === 2 && message.attempt < 2) throw new TypeError('an unknown error counts as passing')
      }),
    )
    await publish(bus, 4)
    await expectSoon(
      () => reader.handled === 4,
      () => attempts,
    )
    expect(attempts).toEqual([
      [0, 1],
      [1, 1],
      [1, 2],
      [1, 3],
      [2, 1],
      [2, 2],
      [3, 1],
    ])
    expect(reader.deadLettered).toBe(0)
  })

  it('dead-letters at once what will always fail, with the reason', async () => {
    const server = await broker()
    const bus = busOn(server)
    const reader = bus.consume(
      work(async (message) => {
        if (body(message).n === 1) throw new ContractError('schema', 'the field is missing')
      }),
    )
    await publish(bus, 3)
    await expectSoon(() => reader.handled === 2 && reader.deadLettered === 1)
    const nc = await client(server)
    await expectSoon(async () => (await storedIn(nc, 'DEAD')).length === 1)
    const dead = await (await jetstreamManager(nc)).streams.getMessage('DEAD', { seq: 1 })
    expect(dead?.subject).toBe('ops.dead.collector')
    expect(dead?.json()).toMatchObject({
      reason: 'schema',
      message: 'the field is missing',
      subject,
      stream: 'EVENTS',
      stream_seq: 2,
      attempts: 1,
      host: null,
    })
    await expectSoon(async () => (await consumerInfo(server)).num_ack_pending === 0)
    await sleep(1500)
    expect(reader.deadLettered).toBe(1)
  })

  it('dead-letters what failed too often, and what kills its handler too often', async () => {
    const server = await broker()
    const bus = busOn(server)
    await publish(bus, 2)
    let attempts = 0
    const reader = bus.consume(
      work(
        async (message) => {
          attempts++
          if (body(message).n === 0) throw new EffectError('still_refused', 'no', { transient: true })
        },
        { maxAttempts: 3 },
      ),
    )
    await expectSoon(() => reader.handled === 1 && reader.deadLettered === 1)
    expect(attempts).toBe(4)
    const nc = await client(server)
    await expectSoon(async () => (await storedIn(nc, 'DEAD')).length === 1)
    const dead = await (await jetstreamManager(nc)).streams.getMessage('DEAD', { seq: 1 })
    expect(dead?.json()).toMatchObject({ reason: 'too_many_attempts', attempts: 3, message: expect.stringContaining('no') })
    await reader.stop()
    await publish(bus, 1, 2)
    const hanging = bus.consume(work(() => new Promise(() => undefined), { ackWaitMs: 300 }))
    await expectSoon(async () => (await consumerInfo(server)).num_ack_pending === 1)
    await sleep(1200)
    expect(hanging.handled).toBe(0)
    const crashed = busOn(server, { service: 'healer' })
    const next = crashed.consume(work(async () => expect.fail('it must not be handled again'), { maxAttempts: 2 }))
    await expectSoon(() => next.deadLettered === 1)
  })

  it('leaves a message alone as long as its handler says that it is working', async () => {
    const server = await broker()
    const bus = busOn(server)
    const attempts: number[] = []
    const reader = bus.consume(
      work(
        async (message, job) => {
          attempts.push(message.attempt)
          for (let step = 0; step < 12; step++) {
            await sleep(100)
            job.working()
          }
        },
        { ackWaitMs: 400 },
      ),
    )
    await publish(bus, 1)
    await expectSoon(() => reader.handled === 1)
    expect(attempts).toEqual([1])
  })

  it('handles several at once when asked to, and no more', async () => {
    const server = await broker()
    const bus = busOn(server)
    let busy = 0
    let most = 0
    const reader = bus.consume(
      work(
        async () => {
          most = Math.max(most, ++busy)
          await sleep(10)
          busy--
        },
        { concurrency: 8 },
      ),
    )
    await publish(bus, 100)
    await expectSoon(() => reader.handled === 100)
    expect(most).toBe(8)
  })

  it('finishes the message at hand when it is stopped, and leaves the rest', async () => {
    const server = await broker()
    const bus = busOn(server)
    const started = Promise.withResolvers<void>()
    const reader = bus.consume(
      work(async () => {
        started.resolve()
        await sleep(300)
      }),
    )
    await publish(bus, 3)
    await started.promise
    await reader.stop()
    expect(reader.handled).toBe(1)
    const info = await consumerInfo(server)
    expect(info.ack_floor.stream_seq).toBe(1)
    expect(info.num_pending + info.num_ack_pending).toBe(2)
  })

  it('aborts the signal of a handler that does not end after a stop, and the message comes again', async () => {
    const server = await broker()
    const bus = busOn(server)
    const started = Promise.withResolvers<void>()
    const reader = bus.consume(
      work(
        async (_message, job) => {
          started.resolve()
          await once(job.signal, 'abort')
          throw new EffectError('stopped', 'stopped in the middle', { transient: true })
        },
        { ackWaitMs: 10_000 },
      ),
    )
    await publish(bus, 1)
    await started.promise
    await reader.stop()
    const next = bus.consume(work(async () => undefined, { ackWaitMs: 10_000 }))
    await expectSoon(
      () => next.handled === 1,
      () => 'not handed out again',
      3000,
    )
  })
})
