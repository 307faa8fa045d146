import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { jetstreamManager } from '@nats-io/jetstream'
import { nanos } from '@nats-io/transport-node'
import { openBus } from '@nightshift/shared/bus/open-bus'
import { freePort } from '@nightshift/test-servers/nats'
import { describe, expect, it, onTestFinished } from 'vitest'
import { deafProxy } from './deaf-proxy.ts'
import { bootstrapped, broker, busOn, client, event, recordingLog, storedIn, temporaryFolder, expectSoon } from './fixture.ts'

const subject = 'ops.health.web-1.http'
const ascending = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

describe('publishEvent', () => {
  it('resolves when the stream has the event, and stores the same id once', async () => {
    const server = await broker()
    const bus = busOn(server)
    await bus.ready()
    const twice = event({ n: 1 })
    expect(await bus.publishEvent(subject, twice)).toBe('acknowledged')
    expect(await bus.publishEvent(subject, twice)).toBe('acknowledged')
    const stored = await storedIn(await client(server), 'EVENTS')
    expect(stored.map(({ id, subject: on }) => [id, on])).toEqual([[twice.id, subject]])
    expect(bus.stats()).toMatchObject({ eventsPublished: 2, spoolEvents: 0 })
  })

  it('keeps the order of calls that do not wait for each other', async () => {
    const server = await broker()
    const bus = busOn(server)
    await Promise.all(ascending(500).map((n) => bus.publishEvent(subject, event({ n }))))
    await expectSoon(() => bus.stats().spoolEvents === 0)
    expect((await storedIn(await client(server), 'EVENTS')).map(({ n }) => n)).toEqual(ascending(500))
  })

  it('loses nothing, repeats nothing and keeps the order while the broker is killed and comes back', async () => {
    const server = await broker()
    const bus = busOn(server)
    await bus.ready()
    let published = 0
    let stop = false
    const outcomes = new Set<string>()
    const publishing = (async () => {
      while (!stop) {
        outcomes.add(await bus.publishEvent(subject, event({ n: published++ })))
        await sleep(1)
      }
    })()
    for (let round = 0; round < 3; round++) {
      await sleep(150)
      await server.kill('SIGKILL')
      await sleep(250)
      await server.restart()
      await expectSoon(() => bus.state === 'connected')
    }
    await sleep(150)
    stop = true
    await publishing
    await expectSoon(
      () => bus.stats().spoolEvents === 0,
      () => bus.stats(),
    )
    const stored = await storedIn(await client(server), 'EVENTS')
    expect(stored.map(({ n }) => n)).toEqual(ascending(published))
    expect(outcomes).toEqual(new Set(['acknowledged', 'spooled']))
  })

  it('stores an event once whose acknowledgement was lost', async () => {
    const server = await broker()
    const proxy = await deafProxy(server.port)
    const bus = busOn(proxy)
    await bus.ready()
    await bus.publishEvent(subject, event({ n: 0 }))
    proxy.deaf = true
    expect(await bus.publishEvent(subject, event({ n: 1 }))).toBe('spooled')
    expect(await bus.publishEvent(subject, event({ n: 2 }))).toBe('spooled')
    proxy.deaf = false
    proxy.cut()
    await expectSoon(
      () => bus.stats().spoolEvents === 0,
      () => bus.stats(),
    )
    expect((await storedIn(await client(server), 'EVENTS')).map(({ n }) => n)).toEqual([0, 1, 2])
  })

  it('stores an event once that a frozen broker got several times', async () => {
    const server = await broker()
    const bus = busOn(server)
    await bus.ready()
    await server.kill('SIGSTOP')
    const outcome = bus.publishEvent(subject, event({ n: 0 }))
    expect(await outcome).toBe('spooled')
    await server.kill('SIGCONT')
    await expectSoon(
      () => bus.stats().spoolEvents === 0,
      () => bus.stats(),
    )
    expect((await storedIn(await client(server), 'EVENTS')).map(({ n }) => n)).toEqual([0])
  })

  it('sends what the server has forgotten again under the same id, for the reader to notice', async () => {
    const server = await broker()
    const nc = await client(server)
    await (await jetstreamManager(nc)).streams.update('EVENTS', { duplicate_window: nanos(200) })
    const proxy = await deafProxy(server.port)
    const bus = busOn(proxy)
    await bus.ready()
    proxy.deaf = true
    await bus.publishEvent(subject, event({ n: 0 }))
    await expectSoon(async () => (await storedIn(nc, 'EVENTS')).length > 0)
    await sleep(1500)
    proxy.deaf = false
    proxy.cut()
    await expectSoon(
      () => bus.stats().spoolEvents === 0,
      () => bus.stats(),
    )
    const ids = (await storedIn(nc, 'EVENTS')).map(({ id }) => id)
    expect(ids.length).toBeGreaterThan(1)
    expect(new Set(ids).size).toBe(1)
  })

  it('replays what an earlier process left in the spool before anything new', async () => {
    const port = await freePort()
    const spoolDir = temporaryFolder()
    const first = busOn({ url: `nats://127.0.0.1:${port}` }, { spoolDir })
    for (const n of ascending(300)) expect(await first.publishEvent(subject, event({ n }))).toBe('spooled')
    await first.close()
    const server = await broker({ port })
    const second = busOn(server, { spoolDir })
    await second.publishEvent(subject, event({ n: 300 }))
    await expectSoon(
      () => second.stats().eventsPublished === 301,
      () => second.stats(),
    )
    expect((await storedIn(await client(server), 'EVENTS')).map(({ n }) => n)).toEqual(ascending(301))
  })

  it('loses no promised event when the process is killed, with and without a broker', async () => {
    const server = await broker()
    const spoolDir = temporaryFolder()
    const child = spawn(process.execPath, [fileURLToPath(new URL('publish-until-killed.ts', import.meta.url)), server.url, spoolDir])
    onTestFinished(() => void child.kill('SIGKILL'))
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    const promised = (): string[] => output.split('\n').slice(0, -1)
    await expectSoon(() => promised().length > 200)
    await server.kill('SIGKILL')
    const before = promised().length
    await expectSoon(() => promised().length > before + 200)
    child.kill('SIGKILL')
    await once(child, 'exit')
    await server.restart()
    const bus = busOn(server, { spoolDir })
    await bus.publishEvent('ops.change.web-1.restart', event())
    await expectSoon(
      () => bus.stats().spoolEvents === 0,
      () => bus.stats(),
    )
    const stored = (await storedIn(await client(server), 'EVENTS')).filter(({ subject: on }) => on === subject)
    const ids = new Set(stored.map(({ id }) => id))
    expect(promised().filter((id) => !ids.has(id))).toEqual([])
    expect(ids.size).toBe(stored.length)
    expect(stored.map(({ n }) => n)).toEqual(ascending(stored.length))
  })

  it('keeps events until an admin has made the streams', async () => {
    const server = await broker({ bootstrapped: false })
    const { log, lines } = recordingLog()
    const bus = busOn(server, {}, log)
    expect(await bus.publishEvent(subject, event({ n: 0 }))).toBe('spooled')
    await expectSoon(() => lines.some(({ msg }) => String(msg).includes('nightshift bootstrap')))
    expect(bus.stats().spoolEvents).toBe(1)
    await bootstrapped(server)
    await expectSoon(() => bus.stats().spoolEvents === 0)
    expect((await storedIn(await client(server), 'EVENTS')).map(({ n }) => n)).toEqual([0])
  })

  it('refuses at once what belongs to no stream or has no id', async () => {
    const bus = busOn({ url: `nats://127.0.0.1:${await freePort()}` })
    await expect(bus.publishEvent('ops.progress.web-1.job', event())).rejects.toMatchObject({ code: 'bad_subject' })
    await expect(bus.publishEvent('other.health.web-1.http', event())).rejects.toMatchObject({ code: 'bad_subject' })
    await expect(bus.publishEvent(subject, { id: '' })).rejects.toMatchObject({ code: 'bad_event' })
    await expect(bus.publishEvent(subject, { id: 'a\r\nb' })).rejects.toMatchObject({ code: 'bad_event' })
    expect(bus.stats().spoolEvents).toBe(0)
  })

  it('rejects what is too large for the server, and goes on', async () => {
    const server = await broker()
    const bus = busOn(server)
    await bus.ready()
    await expect(bus.publishEvent(subject, event({ text: 'x'.repeat(2_000_000) }))).rejects.toMatchObject({
      code: 'message_too_large',
      transient: false,
    })
    expect(await bus.publishEvent(subject, event())).toBe('acknowledged')
  })

  it('dead-letters a spooled event that the server will never take, and goes on', async () => {
    const port = await freePort()
    const { log, lines } = recordingLog()
    const bus = busOn({ url: `nats://127.0.0.1:${port}` }, {}, log)
    await bus.publishEvent(subject, event({ n: 0 }))
    const large = event({ n: 1, correlation_id: 'c-1', text: 'x'.repeat(2_000_000) })
    await bus.publishEvent(subject, large)
    await bus.publishEvent(subject, event({ n: 2 }))
    const server = await broker({ port })
    await expectSoon(
      () => bus.stats().deadLettered === 1 && bus.stats().spoolEvents === 0,
      () => bus.stats(),
    )
    const nc = await client(server)
    expect((await storedIn(nc, 'EVENTS')).map(({ n }) => n)).toEqual([0, 2])
    await expectSoon(async () => (await storedIn(nc, 'DEAD')).length === 1)
    const dead = await (await jetstreamManager(nc)).streams.getMessage('DEAD', { seq: 1 })
    expect(dead?.json()).toMatchObject({
      reason: 'message_too_large',
      subject,
      correlation_id: 'c-1',
      service: 'collector',
      source: 'collector@web-1',
    })
    expect(lines).toContainEqual(expect.objectContaining({ code: 'message_too_large', event_id: large.id }))
  })

  it('rejects what the user may not publish, and never lets it block the rest', async () => {
    const permissions = 'publish: { deny: ["ops.health.db-1.>"] }'
    const config = `authorization { users: [ { user: admin, password: a }, { user: web, password: w, permissions: { ${permissions} } } ] }`
    const port = await freePort()
    const bus = busOn({ url: `nats://127.0.0.1:${port}` }, { user: 'web', password: 'w' })
    expect(await bus.publishEvent('ops.health.db-1.http', event({ n: 0 }))).toBe('spooled')
    expect(await bus.publishEvent(subject, event({ n: 1 }))).toBe('spooled')
    const server = await broker({ port, config, bootstrapped: false })
    const admin = { user: 'admin', pass: 'a' }
    await bootstrapped(server, admin)
    const nc = await client(server, admin)
    await expectSoon(
      () => bus.stats().spoolEvents === 0 && bus.stats().deadLettered === 1,
      () => bus.stats(),
    )
    await expect(bus.publishEvent('ops.health.db-1.http', event())).rejects.toMatchObject({ code: 'permission_denied' })
    expect((await storedIn(nc, 'EVENTS')).map(({ n }) => n)).toEqual([1])
    expect(bus.stats().permissionErrors).toBeGreaterThan(0)
  })

  it('rejects without a spool when the bus stays away, and waits a while for it first', async () => {
    const port = await freePort()
    const fastClock = { now: () => Date.now(), monotonicMs: () => performance.now() * 10 }
    const options = { service: 'cli', host: 'web-1', instance: 'i', version: '0.1.0', spoolDir: null, needs: { streams: [], buckets: [] } }
    const bus = openBus({ ...options, servers: [`nats://127.0.0.1:${port}`] }, { clock: fastClock, log: recordingLog().log })
    onTestFinished(() => bus.close(100))
    await expect(bus.publishEvent(subject, event())).rejects.toMatchObject({ code: 'bus_away', transient: true })
    const waiting = bus.publishEvent(subject, event())
    await broker({ port })
    expect(await waiting).toBe('acknowledged')
  })

  it('publishes without the spool when that cannot be used, and says so', async () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    const server = await broker()
    const { log, lines } = recordingLog()
    const bus = busOn(server, { spoolDir: join(file, 'spool') }, log)
    await bus.ready()
    expect(await bus.publishEvent(subject, event())).toBe('acknowledged')
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: expect.stringContaining('spool fails'), error: expect.stringContaining('can this user write') }),
    )
  })

  it('rejects after it was closed', async () => {
    const bus = busOn({ url: `nats://127.0.0.1:${await freePort()}` })
    await bus.close()
    await expect(bus.publishEvent(subject, event())).rejects.toMatchObject({ code: 'bus_closed' })
    expect(bus.state).toBe('closed')
  })
})
