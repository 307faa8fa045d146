import { bootstrap } from '@nightshift/shared/bus/bootstrap'
import type { Bus, StreamName } from '@nightshift/shared/bus/bus'
import { openBus } from '@nightshift/shared/bus/open-bus'
import { systemClock } from '@nightshift/shared/clock'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import { ConfigError } from '@nightshift/shared/errors'
import { startHttp, type HttpServer } from '@nightshift/shared/service/http-server'
import { createLog } from '@nightshift/shared/service/log'
import type { RunningService, ServiceContext } from '@nightshift/shared/service/service'
import { startNats, type NatsServer } from '@nightshift/test-servers/nats'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { reporterConfigSchema, type ReporterConfig } from '../src/config.ts'
import type { describeState } from '../src/console/snapshot.ts'
import { reporter } from '../src/service.ts'
import { alert, checkResult, cpu, heal, health, heartbeat, type Message } from './fixture-events.ts'

type State = ReturnType<typeof describeState>

const log = createLog({ service: 'reporter', host: 'web-1', level: 'critical' })
const deps = { clock: systemClock, log }

function bus(url: string, service: string, streams: StreamName[]): Bus {
  const needs = { streams, buckets: [] }
  return openBus({ servers: [url], service, host: 'web-1', instance: 'i1', version: '0.1.0', spoolDir: null, needs }, deps)
}

function contextOf(reporterBus: Bus, base: object = {}, config: object = {}): ServiceContext<ReporterConfig> {
  const fixed = {
    name: 'reporter',
    host: 'web-1',
    instance: 'i1',
    version: '0.1.0',
    source: 'reporter@web-1',
    stateDir: '/nonexistent',
  } as const
  return { ...fixed, ...deps, bus: reporterBus, base: baseConfigSchema.parse(base), config: reporterConfigSchema.parse(config) }
}

describe('on a real broker', () => {
  let nats: NatsServer
  let admin: Bus
  let reporterBus: Bus
  let service: RunningService<ReporterConfig>
  let http: HttpServer

  async function start(): Promise<void> {
    reporterBus = bus(nats.url, 'reporter', ['METRICS', 'EVENTS'])
    service = await reporter.start(contextOf(reporterBus))
    http = await startHttp({
      address: '127.0.0.1',
      port: 0,
      routes: [(request, response) => service.handleHttp?.(request, response) ?? Promise.resolve(false)],
      log,
    })
  }

  async function stop(): Promise<void> {
    await service.stop()
    await http.close(100)
    await reporterBus.close(1000)
  }

  async function state(): Promise<State> {
    return (await (await fetch(`${http.url}/api/v1/state`)).json()) as State
  }

  async function untilState(isRight: (state: State) => boolean, deadlineMs = 10_000): Promise<State> {
    const deadline = performance.now() + deadlineMs
    for (;;) {
      const seen = await state()
      if (isRight(seen)) return seen
      if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms; the state is ${JSON.stringify(seen).slice(0, 3000)}`)
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
  }

  /** As the other services do: metrics without waiting, events awaited. */
  async function publish(...messages: Message[]): Promise<void> {
    for (const { address, subject, event } of messages) {
      if (['metric', 'check', 'agent'].includes(address.kind)) admin.publishMetric(subject, event)
      else await admin.publishEvent(subject, event)
    }
  }

  /** One of each, at a known time. */
  const story = (nowMs: number): Message[] => [
    cpu('web-1', 0.42, nowMs),
    checkResult('web-1', 'web', true, nowMs),
    heartbeat('web-1', 'collector', nowMs),
    health('web-1', 'web', 'failing', 'ok', nowMs + 1),
    alert('web-1', 'web-down', 'firing', nowMs + 2),
    heal('web-1', 'r1', 'acting', 1, nowMs + 3),
  ]
  const isTold = ({ hosts, checks, alerts, heals, agents }: State): boolean =>
    hosts[0]?.cpu?.usage_ratio === 0.42 && checks[0]?.state === 'failing' && alerts.length + heals.length + agents.length === 3

  beforeEach(async () => {
    nats = await startNats()
    admin = bus(nats.url, 'admin', [])
    await admin.ready()
    if (admin.connection === undefined) throw new Error('no connection')
    await bootstrap(admin.connection, baseConfigSchema.parse({}).streams)
    await start()
    await untilState((seen) => seen.status.caught_up)
  })
  afterEach(async () => {
    await stop()
    await admin.close(1000)
    await nats.stop()
  })

  it('shows on its API what is published, within a moment', async () => {
    await publish(...story(Date.now()))
    const seen = await untilState(isTold)
    expect(seen).toMatchObject({
      status: { bus: 'connected', dropped: {} },
      alerts: [{ rule: 'web-down', state: 'firing', severity: 'critical' }],
      heals: [{ run: 'r1', phase: 'acting' }],
      agents: [{ service: 'collector', state: 'ready' }],
    })
    expect(seen.events.map((item) => item.text)).toEqual([
      'Healing web on web-1 with restart-web, attempt 1 of 3',
      'Alert web-down on web-1 (critical): web-down is wrong',
      'Check web on web-1 is failing: connection refused',
    ])
    expect(Math.abs(Date.parse(seen.hosts[0]?.last_seen_time ?? '') - Date.now())).toBeLessThan(10_000)
  })

  it('knows the same again after a restart, from the streams alone', async () => {
    await publish(...story(Date.now()))
    const before = await untilState(isTold)
    await stop()
    await start()
    const after = await untilState((seen) => seen.status.caught_up)
    expect(after.alerts).toEqual(before.alerts)
    expect(after.heals).toEqual(before.heals)
    expect(after.events).toEqual(before.events)
    expect(after.hosts.map(({ cpu: usage }) => usage)).toEqual(before.hosts.map(({ cpu: usage }) => usage))
  })

  it('dead-letters what it cannot read, once, and goes on', async () => {
    const bad = health('web-1', 'web', 'ok', 'failing')
    await admin.publishEvent('ops.health.web-2.web', bad.event)
    const good = health('web-1', 'after', 'ok', null, Date.now())
    await publish(good)
    await untilState(({ checks }) => checks.some(({ check }) => check === 'after'))
    expect(service.self()).toMatchObject({ messages_dead_total: 1, messages_skipped_total: 0 })
    await stop()
    await start()
    await untilState((seen) => seen.status.caught_up && seen.checks.some(({ check }) => check === 'after'))
    expect(service.self()).toMatchObject({ messages_dead_total: 0, messages_skipped_total: 1 })
  })

  it('answers a request for a summary', async () => {
    await publish(...story(Date.now()))
    await untilState(isTold)
    expect(await admin.request('ops.rpc.reporter.summary', {})).toMatchObject({
      hosts: 1,
      alerts: { firing: 1 },
      heals: { acting: 1 },
      agents: { ready: 1 },
    })
  })

  it('keeps showing what it knew while the broker is gone, and catches up when it is back', async () => {
    await publish(...story(Date.now()))
    await untilState(isTold)
    await nats.kill('SIGKILL')
    const away = await untilState((seen) => seen.status.bus === 'disconnected')
    expect(away.alerts).toHaveLength(1)
    await nats.restart()
    await admin.ready()
    await publish(alert('web-1', 'web-down', 'resolved', Date.now(), { reason: 'recovered' }))
    await untilState((seen) => seen.status.bus === 'connected' && seen.alerts[0]?.state === 'resolved', 20_000)
  })

  it('takes another title and fewer events from a changed configuration', async () => {
    await service.reload(reporterConfigSchema.parse({ title: 'Spät', keep_events: 10 }))
    for (let index = 0; index < 15; index++) await publish(health('web-1', `c${index}`, 'ok', null, Date.now() + index))
    const seen = await untilState(({ events }) => events.some(({ text }) => text === 'Check c14 on web-1 is ok'))
    expect(seen.events).toHaveLength(10)
    expect(seen.status.title).toBe('Spät')
  })
})

describe('without a broker', () => {
  it('starts, says that it waits, and stops at once', async () => {
    const lonely = bus('nats://127.0.0.1:1', 'reporter', ['METRICS', 'EVENTS'])
    const service = await reporter.start(contextOf(lonely))
    expect(service.notReady()).toEqual(['it still reads what happened before it started'])
    const startedMs = performance.now()
    await service.stop()
    await lonely.close(500)
    expect(performance.now() - startedMs).toBeLessThan(2000)
  })

  it('refuses to show the console to the network, for it has no login yet', async () => {
    const lonely = bus('nats://127.0.0.1:1', 'reporter', [])
    for (const address of ['0.0.0.0', '::', '192.0.2.7']) {
      const started = reporter.start(contextOf(lonely, { http: { address } }))
      await expect(started).rejects.toThrow(ConfigError)
      await expect(started).rejects.toMatchObject({ code: 'console_not_loopback', message: expect.stringContaining('127.0.0.1') })
    }
    await lonely.close(500)
  })
})
