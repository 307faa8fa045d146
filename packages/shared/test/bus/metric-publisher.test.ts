import { setTimeout as sleep } from 'node:timers/promises'
import { jetstreamManager } from '@nats-io/jetstream'
import { freePort } from '@nightshift/test-servers/nats'
import { describe, expect, it } from 'vitest'
import { bootstrapped, broker, busOn, client, recordingLog, storedIn, expectSoon } from './fixture.ts'

const subject = 'ops.metric.web-1.cpu'

describe('publishMetric', () => {
  it('publishes without waiting while the bus is there', async () => {
    const server = await broker()
    const bus = busOn(server)
    await bus.ready()
    for (let n = 0; n < 100; n++) bus.publishMetric(subject, { n })
    expect(bus.stats()).toMatchObject({ metricsPublished: 100, ringMessages: 0, metricsDropped: 0 })
    const nc = await client(server)
    await expectSoon(async () => (await (await jetstreamManager(nc)).streams.info('METRICS')).state.messages === 100)
    expect((await storedIn(nc, 'METRICS')).map(({ n }) => n)).toEqual(Array.from({ length: 100 }, (_, n) => n))
  })

  it('keeps what is published while the broker is away, and replays it in order with its payload', async () => {
    const server = await broker()
    const bus = busOn(server)
    await bus.ready()
    await server.kill('SIGKILL')
    await expectSoon(() => bus.state === 'disconnected')
    for (let n = 0; n < 1000; n++) bus.publishMetric(subject, { n, text: 'as it was' })
    expect(bus.stats()).toMatchObject({ ringMessages: 1000, metricsPublished: 0 })
    await server.restart()
    await expectSoon(() => bus.stats().ringMessages > 0 && bus.stats().ringMessages < 1000)
    bus.publishMetric(subject, { n: 1000 })
    await expectSoon(
      () => bus.stats().ringMessages === 0,
      () => bus.stats(),
    )
    const nc = await client(server)
    await expectSoon(async () => (await (await jetstreamManager(nc)).streams.info('METRICS')).state.messages === 1001)
    expect((await storedIn(nc, 'METRICS')).map(({ n }) => n)).toEqual(Array.from({ length: 1001 }, (_, n) => n))
    expect(bus.stats().metricsDropped).toBe(0)
  })

  it('drops the oldest and counts them when the broker stays away, in bounded memory', async () => {
    const server = await broker()
    const bus = busOn(server, { ringMaxBytes: 1024 * 1024 })
    await bus.ready()
    await server.kill('SIGKILL')
    await expectSoon(() => bus.state === 'disconnected')
    const before = process.memoryUsage()
    for (let n = 0; n < 10_000; n++) bus.publishMetric(subject, { n, text: 'x'.repeat(1000) })
    const { ringMessages, ringBytes, metricsDropped } = bus.stats()
    expect(ringMessages + metricsDropped).toBe(10_000)
    expect(ringMessages).toBeGreaterThan(500)
    expect(ringBytes).toBeLessThanOrEqual(1024 * 1024)
    expect(process.memoryUsage().arrayBuffers - before.arrayBuffers).toBeLessThan(32 * 1024 * 1024)
    await server.restart()
    await expectSoon(
      () => bus.stats().ringMessages === 0,
      () => bus.stats(),
    )
    const nc = await client(server)
    await expectSoon(async () => (await (await jetstreamManager(nc)).streams.info('METRICS')).state.messages === ringMessages)
    const numbers = (await storedIn(nc, 'METRICS')).map(({ n }) => n)
    expect(numbers).toEqual(Array.from({ length: ringMessages }, (_, at) => 10_000 - ringMessages + at))
  })

  it('hands a broker that hangs no more than a mebibyte', async () => {
    const server = await broker()
    const bus = busOn(server, { ringMaxBytes: 1024 * 1024 })
    await bus.ready()
    await server.kill('SIGSTOP')
    for (let n = 0; n < 5000; n++) bus.publishMetric(subject, { n, text: 'x'.repeat(4000) })
    const { metricsPublished, metricsDropped, ringMessages } = bus.stats()
    expect(metricsPublished * 4000).toBeLessThan(1.1 * 1024 * 1024)
    expect(metricsDropped).toBe(5000 - metricsPublished - ringMessages)
    await server.kill('SIGCONT')
    await expectSoon(
      () => bus.stats().ringMessages === 0,
      () => bus.stats(),
    )
    expect(bus.state).toBe('connected')
  })

  it('waits after a reconnect until the streams are there again', async () => {
    const server = await broker()
    const bus = busOn(server)
    await bus.ready()
    await server.restart({ empty: true })
    await expectSoon(() => bus.state === 'connected' && bus.stats().reconnects === 1)
    bus.publishMetric(subject, { n: 1 })
    await sleep(200)
    expect(bus.stats()).toMatchObject({ ringMessages: 1, metricsPublished: 0 })
    await bootstrapped(server)
    await expectSoon(
      () => bus.stats().ringMessages === 0,
      () => bus.stats(),
    )
    const nc = await client(server)
    await expectSoon(async () => (await storedIn(nc, 'METRICS')).length === 1)
  })

  it('never throws: what cannot be JSON or is too large is dropped, counted and said once', async () => {
    const server = await broker()
    const { log, lines } = recordingLog()
    const bus = busOn(server, {}, log)
    await bus.ready()
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    bus.publishMetric(subject, circle)
    bus.publishMetric(subject, { big: 1n })
    bus.publishMetric(subject, { text: 'x'.repeat(2_000_000) })
    expect(bus.stats()).toMatchObject({ metricsDropped: 3, metricsPublished: 0, ringMessages: 0 })
    expect(lines.filter(({ msg }) => String(msg).includes('metric cannot be published'))).toHaveLength(1)
  })

  it('counts a denied publish and says so once', async () => {
    const port = await freePort()
    const config = `authorization { users: [ { user: u, password: p, permissions: { publish: { deny: ["ops.metric.db-1.>"] } } } ] }`
    await broker({ port, config, bootstrapped: false })
    const { log, lines } = recordingLog()
    const bus = busOn({ url: `nats://127.0.0.1:${port}` }, { user: 'u', password: 'p', needs: { streams: [], buckets: [] } }, log)
    await bus.ready()
    for (let n = 0; n < 3; n++) bus.publishMetric('ops.metric.db-1.cpu', { n })
    await expectSoon(() => bus.stats().permissionErrors === 3)
    expect(lines.filter(({ code }) => code === 'permission_denied')).toEqual([expect.objectContaining({ subject: 'ops.metric.db-1.cpu' })])
  })
})

describe('publishCore', () => {
  it('reaches who listens now, and nobody later', async () => {
    const server = await broker()
    const bus = busOn(server)
    bus.publishCore('ops.progress.web-1.nightly', { n: 0 })
    await bus.ready()
    const nc = await client(server)
    const heard: unknown[] = []
    nc.subscribe('ops.progress.>', { callback: (_, message) => void heard.push(message.json()) })
    await nc.flush()
    bus.publishCore('ops.progress.web-1.nightly', { n: 1 })
    await expectSoon(() => heard.length === 1)
    expect(heard).toEqual([{ n: 1 }])
    expect(bus.stats()).toMatchObject({ metricsPublished: 0, ringMessages: 0 })
  })
})
