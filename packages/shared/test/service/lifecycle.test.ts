import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { startNats, freePort, type NatsServer } from '@nightshift/test-servers/nats'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { AgentEvent } from '../../src/events/agent.ts'
import { parseEvent } from '../../src/events/parse.ts'
import type { ServiceHandle } from '../../src/service/handle.ts'
import { startService, type StartOptions } from '../../src/service/lifecycle.ts'
import { parsePrometheus } from './parse-prometheus.ts'
import { eventually, provision, startOptions, stubService, type Stub, type StubConfig } from './stub-service.ts'

const started: ServiceHandle<StubConfig>[] = []
const folders: string[] = []

async function start(
  stub: Stub,
  url: string,
  over: Partial<StartOptions<StubConfig>> = {},
): Promise<ServiceHandle<StubConfig> & { lines: string[] }> {
  const options = startOptions(url, over)
  folders.push(options.stateDir)
  const handle = await startService(stub.definition, options)
  started.push(handle)
  return Object.assign(handle, { lines: options.lines })
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((handle) => handle.stop(2000)))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** Every heartbeat from now on, validated as readers do it. */
function listen(connection: NatsConnection, subject: string): AgentEvent[] {
  const beats: AgentEvent[] = []
  connection.subscribe(subject, {
    callback: (_error, message) => {
      const received = parseEvent(message.subject, message.data)
      if (received.kind === 'agent') beats.push(received.event)
    },
  })
  return beats
}

describe('a service', () => {
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

  it('starts, becomes ready, and says so in heartbeats that keep to the contract', async () => {
    const beats = listen(observer, 'ops.agent.web-1.alerter')
    await observer.flush()
    const stub = stubService()
    const handle = await start(stub, server.url, { host: 'WEB-1' })
    await eventually(() => expect(handle.state).toBe('ready'))
    expect(handle.notReady()).toEqual([])
    expect(stub.happened).toEqual(['start one'])
    expect(stub.context()).toMatchObject({ host: 'web-1', source: 'alerter@web-1', instance: handle.instance })
    await eventually(() => expect(beats.map((beat) => beat.state)).toContain('ready'))
    const last = beats.at(-1)
    expect(last).toMatchObject({
      host: 'web-1',
      service: 'alerter',
      instance: handle.instance,
      pid: process.pid,
      interval_seconds: 10,
      reasons: [],
    })
    expect(last?.self).toMatchObject({ jobs_total: 1, bus_connected: 1, errors_total: 0, permission_errors_total: 0 })
    expect(last?.self['rss_bytes']).toBeGreaterThan(1_000_000)
    await handle.stop()
    expect(await handle.stopped).toBeUndefined()
    await eventually(() => expect(beats.at(-1)?.state).toBe('stopping'))
  })

  it('sends a heartbeat at once when its state changes, with the reasons', async () => {
    const reasons: string[] = []
    const beats = listen(observer, 'ops.agent.web-1.alerter')
    const handle = await start(stubService({ notReady: () => reasons }), server.url)
    await eventually(() => expect(beats.at(-1)?.state).toBe('ready'))
    reasons.push('the outbox is full: set up a channel')
    await eventually(
      () => expect(beats.at(-1)).toMatchObject({ state: 'degraded', reasons: ['the outbox is full: set up a channel'] }),
      5000,
    )
    expect(handle.state).toBe('degraded')
  })

  it('is a standby while another replica does the work', async () => {
    const handle = await start(stubService({ isStandby: () => true }), server.url)
    await eventually(() => expect(handle.state).toBe('standby'))
  })

  it('shows its numbers to Prometheus', async () => {
    const handle = await start(stubService({ self: () => ({ jobs_total: 3, lag_seconds: null }) }), server.url)
    await eventually(() => expect(handle.state).toBe('ready'))
    const families = parsePrometheus(handle.metricsText())
    const value = (name: string) => families.find((family) => family.name === `nightshift_alerter_${name}`)?.samples[0]?.value
    expect(value('jobs_total')).toBe(3)
    expect(value('lag_seconds')).toBeUndefined()
    expect(value('bus_connected')).toBe(1)
    expect(value('uptime_seconds')).toBeGreaterThan(0)
  })

  it('takes a changed configuration, keeps the old one when the service refuses, one at a time', async () => {
    const stub = stubService()
    const handle = await start(stub, server.url)
    const results = await Promise.allSettled([
      handle.reload({ word: 'two' }),
      handle.reload({ word: 'bad' }),
      handle.reload({ word: 'three' }),
    ])
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(stub.happened).toEqual(['start one', 'reload two', 'reload three'])
    await handle.stop()
    await expect(handle.reload({ word: 'four' })).rejects.toMatchObject({ code: 'not_running' })
  })

  it('stops in order: first the service, then the last heartbeat, then the bus', async () => {
    const order: string[] = []
    const stub = stubService({
      stop: async () => {
        expect(stub.context().bus.state).toBe('connected')
        await stub.context().bus.publishEvent('ops.alert.web-1.last.firing', { id: stub.context().instance })
        order.push('service')
      },
    })
    observer.subscribe('ops.agent.web-1.alerter', {
      callback: (_error, message) => void (message.json<AgentEvent>().state === 'stopping' && order.push('heartbeat')),
    })
    const handle = await start(stub, server.url)
    handle.bus.onState((state) => void (state === 'closed' && order.push('bus')))
    await eventually(() => expect(handle.state).toBe('ready'))
    await handle.stop()
    await eventually(() => expect(order).toHaveLength(3))
    expect(order[0]).toBe('service')
    expect(order.toSorted()).toEqual(['bus', 'heartbeat', 'service'])
    expect(handle.bus.state).toBe('closed')
  })

  it('stops within the deadline although a handler hangs, and says what it left behind', async () => {
    const beats = listen(observer, 'ops.agent.web-1.alerter')
    const handle = await start(stubService({ stop: () => new Promise<never>(() => undefined) }), server.url)
    await eventually(() => expect(handle.state).toBe('ready'))
    const startedMs = performance.now()
    await handle.stop(1500)
    expect(performance.now() - startedMs).toBeLessThan(1900)
    expect(handle.bus.state).toBe('closed')
    expect(handle.lines.join('')).toContain('did not stop in time')
    await eventually(() => expect(beats.at(-1)?.state).toBe('stopping'))
  })

  it('stops once, however often it is told to, and although its stop fails', async () => {
    const stub = stubService({
      stop: async () => {
        stub.happened.push('stop')
        throw new Error('no')
      },
    })
    const handle = await start(stub, server.url)
    await Promise.all([handle.stop(), handle.stop(), handle.stop()])
    expect(stub.happened.filter((event) => event === 'stop')).toHaveLength(1)
    expect(handle.state).toBe('stopping')
  })

  it('refuses to start when the service does, and leaves nothing open', async () => {
    const stub = stubService({ start: async () => Promise.reject(new Error('no such file')) })
    await expect(start(stub, server.url)).rejects.toThrow('no such file')
    expect(stub.context().bus.state).toBe('closed')
  })

  it('fails for good when a slow start fails after all', async () => {
    const { promise, reject } = Promise.withResolvers<void>()
    const handle = await start(stubService({ start: () => promise }), server.url)
    expect(handle.notReady()).toContain('it is still starting')
    reject(new Error('came to nothing'))
    expect(await handle.stopped).toMatchObject({ code: 'start_failed' })
    expect(handle.failure?.message).toContain('came to nothing')
  })

  it('makes its folder for itself alone, and refuses one that it cannot use', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'nightshift-parent-'))
    folders.push(parent)
    const stateDir = join(parent, 'a', 'b')
    await start(stubService(), server.url, { stateDir })
    expect(statSync(stateDir).mode & 0o777).toBe(0o700)
    const file = join(parent, 'file')
    writeFileSync(file, '')
    chmodSync(file, 0o600)
    await expect(start(stubService(), server.url, { stateDir: join(file, 'x') })).rejects.toMatchObject({
      code: 'state_dir',
      message: expect.stringContaining('`state_dir:`'),
    })
  })

  it('survives a service that cannot say how it stands', async () => {
    const fails = (): never => {
      throw new Error('broken')
    }
    const handle = await start(stubService({ notReady: fails, self: fails }), server.url)
    expect(handle.notReady().join()).toContain('broken')
    expect(parsePrometheus(handle.metricsText()).length).toBeGreaterThan(5)
  })
})

describe('a service and a broker that comes and goes', () => {
  it('starts without the broker, is live and says why it is not ready, and becomes ready when the broker comes', async () => {
    const port = await freePort()
    const url = `nats://127.0.0.1:${port}`
    const startedMs = performance.now()
    const stub = stubService()
    const handle = await start(stub, url)
    expect(performance.now() - startedMs).toBeLessThan(5000)
    expect(stub.happened).toEqual(['start one'])
    expect([handle.state, handle.failure]).toEqual(['starting', undefined])
    expect(handle.notReady()).toEqual([`not connected to ${url} yet`])
    const server = await startNats({ port })
    try {
      await eventually(() => expect(handle.notReady().join()).toContain('`nightshift bootstrap`'))
      await provision(server)
      await eventually(() => expect(handle.state).toBe('ready'))
    } finally {
      await handle.stop()
      await server.stop()
    }
  })

  it('is degraded while a killed broker is away, and ready again when it is back', async () => {
    const server = await startNats()
    try {
      await provision(server)
      const handle = await start(stubService(), server.url)
      await eventually(() => expect(handle.state).toBe('ready'))
      await server.kill('SIGKILL')
      await eventually(() => expect(handle.state).toBe('degraded'))
      expect(handle.notReady()).toEqual([`the connection to ${server.url} is lost; reconnecting`])
      await server.restart()
      const backMs = Date.now()
      await eventually(() => expect(handle.state).toBe('ready'))
      const observer = await connect({ servers: server.url })
      const manager = await jetstreamManager(observer)
      await eventually(async () => {
        const last = await manager.streams.getMessage('METRICS', { last_by_subj: 'ops.agent.web-1.alerter' })
        const beat = last?.json<AgentEvent>()
        expect(beat?.state).toBe('ready')
        expect(Date.parse(beat?.time ?? '')).toBeGreaterThan(backMs)
      })
      await observer.close()
    } finally {
      await Promise.all(started.splice(0).map((handle) => handle.stop(1000)))
      await server.stop()
    }
  })

  it('stops within the deadline although the broker hangs', async () => {
    const server = await startNats()
    try {
      await provision(server)
      const handle = await start(stubService(), server.url)
      await eventually(() => expect(handle.state).toBe('ready'))
      await server.kill('SIGSTOP')
      const startedMs = performance.now()
      await handle.stop(2000)
      expect(performance.now() - startedMs).toBeLessThan(2500)
    } finally {
      await server.kill('SIGCONT')
      await server.stop()
    }
  })
})
