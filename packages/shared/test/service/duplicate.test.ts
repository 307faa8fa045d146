import { rmSync } from 'node:fs'
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { freePort, startNats, type NatsServer } from '@nightshift/test-servers/nats'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ServiceHandle } from '../../src/service/handle.ts'
import { startService, type StartOptions } from '../../src/service/lifecycle.ts'
import { eventually, provision, startOptions, stubService, type StubConfig } from './stub-service.ts'

const started: ServiceHandle<StubConfig>[] = []
const folders: string[] = []

async function start(
  name: 'alerter' | 'collector',
  url: string,
  over: Partial<StartOptions<StubConfig>> = {},
  running = {},
): Promise<ServiceHandle<StubConfig>> {
  const options = startOptions(url, over)
  folders.push(options.stateDir)
  const handle = await startService(stubService(running, name).definition, options)
  started.push(handle)
  return handle
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((handle) => handle.stop(2000)))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

describe('a second instance of a service under one host name', () => {
  let server: NatsServer
  let observer: NatsConnection

  beforeAll(async () => {
    server = await startNats()
    await provision(server)
    observer = await connect({ servers: server.url })
  })
  afterAll(async () => {
    await observer.close()
    await server.stop()
  })

  it.each(['collector', 'alerter'] as const)('is refused at start: %s', async (name) => {
    const first = await start(name, server.url)
    await eventually(() => expect(first.state).toBe('ready'))
    const stub = stubService({}, name)
    const options = startOptions(server.url, { host: 'Web-1' })
    folders.push(options.stateDir)
    const refused = await startService(stub.definition, options).catch((error: unknown) => error)
    expect(refused).toMatchObject({ name: 'ConflictError', code: 'duplicate_instance' })
    expect((refused as Error).message).toContain(`pid ${process.pid}`)
    expect((refused as Error).message).toContain(first.instance)
    expect(stub.happened).toEqual([])
    expect(first.state).toBe('ready')
  })

  it('is welcome on another host, and as another service', async () => {
    const handles = [
      await start('alerter', server.url),
      await start('alerter', server.url, { host: 'web-2' }),
      await start('collector', server.url),
    ]
    await eventually(() => expect(handles.map((handle) => handle.state)).toEqual(['ready', 'ready', 'ready']))
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(handles.map((handle) => handle.failure)).toEqual([undefined, undefined, undefined])
  })

  it('is welcome when the first one is gone', async () => {
    const first = await start('collector', server.url)
    await first.stop()
    const second = await start('collector', server.url)
    await eventually(() => expect(second.state).toBe('ready'))
  })

  it('waits for one that is just stopping', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const first = await start('collector', server.url, {}, { stop: () => promise })
    await eventually(() => expect(first.state).toBe('ready'))
    const stopped = first.stop(5000)
    const second = start('collector', server.url)
    await new Promise((wait) => setTimeout(wait, 700))
    resolve()
    await stopped
    await eventually(async () => expect((await second).state).toBe('ready'))
  })

  it('can be asked for by name, host by host', async () => {
    const handle = await start('alerter', server.url)
    const identity = { instance: handle.instance, pid: process.pid, started_time: expect.stringMatching(/Z$/) }
    await eventually(async () => expect((await observer.request('ops.rpc.alerter.web-1.instance', '{}')).json()).toMatchObject(identity))
    await expect(observer.request('ops.rpc.alerter.web-2.instance', '{}')).rejects.toThrow(/no responders/i)
  })

  it('answers no message that was delivered to its endpoint from a stream', async () => {
    await start('alerter', server.url)
    const manager = await jetstreamManager(observer)
    await jetstream(observer).publish('ops.health.web-1.web', '{}')
    const consumer = {
      durable_name: 'redirected',
      ack_policy: AckPolicy.Explicit,
      deliver_subject: 'ops.rpc.alerter.web-1.instance',
      filter_subject: 'ops.health.web-1.web',
    }
    await manager.consumers.add('EVENTS', consumer)
    await eventually(async () => expect((await manager.consumers.info('EVENTS', 'redirected')).delivered.consumer_seq).toBe(1))
    await observer.request('ops.rpc.alerter.web-1.instance', '{}')
    // An answer would have gone to the acknowledgement subject.
    expect((await manager.consumers.info('EVENTS', 'redirected')).num_ack_pending).toBe(1)
  })
})

describe('two instances that started while the broker was away', () => {
  it('become one: the later one stops with a reason, the earlier one stays', async () => {
    const port = await freePort()
    const url = `nats://127.0.0.1:${port}`
    const first = await start('collector', url)
    const second = await start('collector', url)
    expect([first.state, second.state]).toEqual(['starting', 'starting'])
    const server = await startNats({ port })
    try {
      await provision(server)
      expect(await second.stopped).toMatchObject({ code: 'duplicate_instance', message: expect.stringContaining(first.instance) })
      await eventually(() => expect(first.state).toBe('ready'))
      expect(first.failure).toBeUndefined()
    } finally {
      await Promise.all(started.splice(0).map((handle) => handle.stop(1000)))
      await server.stop()
    }
  })

  it('find each other by their heartbeats when nobody hears the question', async () => {
    const server = await startNats()
    await provision(server)
    const observer = await connect({ servers: server.url })
    try {
      const later = await start('collector', server.url)
      await eventually(() => expect(later.state).toBe('ready'))
      const beat = {
        instance: '01AAAAAAAAAAAAAAAAAAAAAAAA',
        started_time: '2020-01-01T00:00:00.000Z',
        pid: 1,
        time: new Date().toISOString(),
        state: 'ready',
      }
      observer.publish('ops.agent.web-1.collector', JSON.stringify({ ...beat, state: 'stopping' }))
      observer.publish('ops.agent.web-1.collector', 'not json')
      await observer.flush()
      await new Promise((resolve) => setTimeout(resolve, 200))
      expect(later.failure).toBeUndefined()
      observer.publish('ops.agent.web-1.collector', JSON.stringify(beat))
      expect(await later.stopped).toMatchObject({ code: 'duplicate_instance' })
    } finally {
      await observer.close()
      await server.stop()
    }
  })
})
