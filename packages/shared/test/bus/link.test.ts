import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createUser } from '@nats-io/nkeys'
import { inboxPrefix, reconnectWaitMs } from '@nightshift/shared/bus/connect'
import { freePort } from '@nightshift/test-servers/nats'
import { describe, expect, it } from 'vitest'
import { bootstrapped, broker, busOn, client, event, recordingLog, temporaryFolder, expectSoon } from './fixture.ts'
import { jwtAccount } from './jwt-account.ts'

const nothing = { streams: [], buckets: [] }

describe('the bus', () => {
  it('is usable before the broker is, and connects as soon as that comes', async () => {
    const port = await freePort()
    const bus = busOn({ url: `nats://127.0.0.1:${port}` })
    const states: string[] = []
    bus.onState((state) => states.push(state))
    expect(bus.state).toBe('connecting')
    expect(bus.connection).toBeUndefined()
    bus.publishMetric('ops.metric.web-1.cpu', { n: 1 })
    expect(await bus.publishEvent('ops.health.web-1.http', event())).toBe('spooled')
    await broker({ port })
    await bus.ready()
    expect(states).toEqual(['connected'])
    expect(bus.connection?.isClosed()).toBe(false)
    await expectSoon(() => bus.stats().spoolEvents === 0 && bus.stats().ringMessages === 0)
  })

  it('comes back by itself, counts it and tells who listens', async () => {
    const server = await broker()
    const bus = busOn(server)
    await bus.ready()
    const states: string[] = []
    const forget = bus.onState((state) => states.push(state))
    await server.kill('SIGKILL')
    await expectSoon(() => bus.state === 'disconnected')
    expect(bus.connection).toBeUndefined()
    await server.restart()
    await expectSoon(() => bus.state === 'connected')
    expect(states).toEqual(['disconnected', 'connected'])
    expect(bus.stats().reconnects).toBe(1)
    forget()
    await server.restart()
    await expectSoon(() => bus.stats().reconnects === 2)
    expect(states).toHaveLength(2)
  })

  it('tries any of its servers', async () => {
    const dead = await freePort()
    const server = await broker()
    const bus = busOn({ url: '' }, { servers: [`nats://127.0.0.1:${dead}`, server.url] })
    await bus.ready()
    expect(bus.connection?.getServer()).toBe(`127.0.0.1:${server.port}`)
  })

  it('opens a new client when the old one gives up, and all goes on', async () => {
    const server = await broker()
    const bus = busOn(server)
    await bus.ready()
    const seen: number[] = []
    bus.follow({ stream: 'EVENTS', name: 'x', after: 0, handle: (message) => void seen.push(message.seq) })
    bus.serve([{ verb: 'echo', description: 'echo', handle: async (request) => request }])
    const first = bus.connection
    await first?.close()
    await expectSoon(() => bus.connection !== undefined && bus.connection !== first)
    await bus.publishEvent('ops.health.web-1.http', event())
    await expectSoon(() => seen.length === 1)
    const ask = () => bus.request('ops.rpc.collector.web-1.echo', 1).catch(() => undefined)
    await expectSoon(async () => (await ask()) === 1)
  })

  it('has its own name and its own inboxes', async () => {
    const server = await broker()
    const bus = busOn(server, { host: 'db1.example.com' })
    await bus.ready()
    expect(inboxPrefix('collector', 'db1.example.com')).toBe('_INBOX_collector_db1_2eexample_2ecom')
    const nc = await client(server)
    const replies: string[] = []
    nc.subscribe('svc', { callback: (_, message) => void replies.push(message.reply ?? '') })
    await nc.flush()
    await bus.request('svc', {}, 100).catch(() => undefined)
    expect(replies[0]).toMatch(/^_INBOX_collector_db1_2eexample_2ecom\./)
  })

  it('waits between attempts for a time that differs', () => {
    const waits = Array.from({ length: 200 }, reconnectWaitMs)
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(250)
    expect(Math.max(...waits)).toBeLessThanOrEqual(1000)
    expect(new Set(waits).size).toBeGreaterThan(100)
  })
})

describe('a bus that is not let in', () => {
  it('says so once, never shows the password, and goes on trying until it is', async () => {
    const port = await freePort()
    const { log, lines } = recordingLog()
    const bus = busOn({ url: `nats://u:topsecret@127.0.0.1:${port}` }, { needs: nothing }, log)
    const wrong = await broker({ port, bootstrapped: false, config: 'authorization { user: u, password: other }' })
    await expectSoon(() => lines.some(({ error }) => String(error).includes('Authorization Violation')))
    await sleep(1500)
    expect(lines.filter(({ error }) => String(error).includes('Authorization Violation'))).toHaveLength(1)
    expect(JSON.stringify(lines)).not.toContain('topsecret')
    await wrong.stop()
    await broker({ port, bootstrapped: false, config: 'authorization { user: u, password: topsecret }' })
    await bus.ready()
  })

  it('comes back when its credentials are refused for a while after a reconnect', async () => {
    const port = await freePort()
    const first = await broker({ port, bootstrapped: false, config: 'authorization { user: u, password: p }' })
    const bus = busOn(first, { user: 'u', password: 'p', needs: nothing })
    await bus.ready()
    await first.stop()
    const second = await broker({ port, bootstrapped: false, config: 'authorization { user: u, password: changed }' })
    await sleep(2500)
    expect(bus.state).toBe('disconnected')
    await second.stop()
    await broker({ port, bootstrapped: false, config: 'authorization { user: u, password: p }' })
    await expectSoon(() => bus.state === 'connected')
  })
})

describe('a bus logs in', () => {
  it('with user and password, from the options or the URL', async () => {
    const server = await broker({ bootstrapped: false, config: 'authorization { user: u, password: "p@ss/w:rd" }' })
    const url = `nats://u:${encodeURIComponent('p@ss/w:rd')}@127.0.0.1:${server.port}`
    const buses = [busOn(server, { user: 'u', password: 'p@ss/w:rd', needs: nothing }), busOn({ url }, { needs: nothing })]
    await Promise.all(buses.map((bus) => bus.ready()))
    expect(buses.map(({ state }) => state)).toEqual(['connected', 'connected'])
  })

  it('with an nkey', async () => {
    const user = createUser()
    const server = await broker({ bootstrapped: false, config: `authorization { users: [ { nkey: ${user.getPublicKey()} } ] }` })
    const bus = busOn(server, { nkey: new TextDecoder().decode(user.getSeed()), needs: nothing })
    await bus.ready()
    expect(bus.state).toBe('connected')
  })

  it('with a credentials file that is renewed while it runs', async () => {
    const file = join(temporaryFolder(), 'user.creds')
    const [old, renewed] = [jwtAccount(), jwtAccount()]
    const first = await broker({ bootstrapped: false, config: old.serverConfig })
    writeFileSync(file, old.creds)
    const bus = busOn(first, { creds_file: file, needs: nothing })
    await bus.ready()
    await first.stop()
    writeFileSync(file, renewed.creds)
    await broker({ port: first.port, bootstrapped: false, config: renewed.serverConfig })
    await expectSoon(() => bus.state === 'connected' && bus.stats().reconnects === 1)
  })

  it('over TLS with a certificate of its own', async ({ skip }) => {
    const folder = temporaryFolder()
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
    try {
      openssl('version')
    } catch {
      return skip('no openssl to make certificates with')
    }
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    openssl('req', '-x509', ...curve, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test ca', '-days', '2')
    for (const name of ['server', 'client']) {
      openssl('req', ...curve, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
      writeFileSync(join(folder, 'ext'), 'subjectAltName=IP:127.0.0.1,DNS:localhost')
      openssl(
        'x509',
        '-req',
        '-in',
        `${name}.csr`,
        '-CA',
        'ca.pem',
        '-CAkey',
        'ca.key',
        '-CAcreateserial',
        '-out',
        `${name}.pem`,
        '-days',
        '2',
        '-extfile',
        'ext',
      )
    }
    const path = (name: string): string => join(folder, name)
    const tls = `tls { cert_file: "${path('server.pem')}", key_file: "${path('server.key')}", ca_file: "${path('ca.pem')}", verify: true }`
    const server = await broker({ bootstrapped: false, config: tls })
    const own = { ca_file: path('ca.pem'), cert_file: path('client.pem'), key_file: path('client.key') }
    await busOn(server, { tls: own, needs: nothing }).ready()
    const { log, lines } = recordingLog()
    const stranger = busOn(server, { tls: { ca_file: own.ca_file }, needs: nothing }, log)
    await expectSoon(() => lines.some(({ msg }) => String(msg).includes('does not answer')))
    expect(stranger.state).toBe('connecting')
    return undefined
  })
})

describe('ready', () => {
  it('waits for the streams and buckets that are needed, says which are missing, and asks for no others', async () => {
    const server = await broker({ bootstrapped: false })
    const { log, lines } = recordingLog()
    const bus = busOn(server, { needs: { streams: ['EVENTS'], buckets: ['alerts'] } }, log)
    const free = busOn(server, { needs: nothing })
    await free.ready()
    let ready = false
    const waiting = bus.ready().then(() => (ready = true))
    await expectSoon(() => lines.some(({ missing }) => missing !== undefined))
    expect(lines.find(({ missing }) => missing !== undefined)?.['missing']).toEqual({
      EVENTS: 'stream_not_found',
      KV_ops_alerts: 'stream_not_found',
    })
    expect(ready).toBe(false)
    await bootstrapped(server)
    await waiting
  })

  it('can be given up', async () => {
    const bus = busOn({ url: `nats://127.0.0.1:${await freePort()}` })
    await expect(bus.ready(AbortSignal.timeout(50))).rejects.toMatchObject({ name: 'TimeoutError' })
    const waiting = bus.ready()
    waiting.catch(() => undefined)
    await bus.close()
    await expect(waiting).rejects.toMatchObject({ code: 'bus_closed' })
  })

  it('needs no right but to look', async () => {
    const look = [
      '"$JS.API.STREAM.INFO.EVENTS"',
      '"$JS.API.STREAM.INFO.KV_ops_locks"',
      '"$JS.API.STREAM.INFO.METRICS"',
      '"$JS.API.STREAM.INFO.DEAD"',
    ]
    const permissions = `publish: [${look.join(', ')}], subscribe: ["_INBOX_collector_web-1.>"]`
    const users = `{ user: admin, password: a }, { user: least, password: l, permissions: { ${permissions} } }`
    const server = await broker({ bootstrapped: false, config: `authorization { users: [ ${users} ] }` })
    await bootstrapped(server, { user: 'admin', pass: 'a' })
    const bus = busOn(server, { user: 'least', password: 'l' })
    await bus.ready()
    expect(bus.stats().permissionErrors).toBe(0)
  })

  it('says that it may not even look', async () => {
    const users = '{ user: blind, password: b, permissions: { publish: { deny: ["$JS.API.STREAM.INFO.EVENTS"] } } }'
    const server = await broker({ bootstrapped: false, config: `authorization { users: [ ${users} ] }` })
    const { log, lines } = recordingLog()
    busOn(server, { user: 'blind', password: 'b', needs: { streams: ['EVENTS'], buckets: [] } }, log)
    await expectSoon(() => lines.some(({ missing }) => missing !== undefined))
    expect(lines.find(({ missing }) => missing !== undefined)?.['missing']).toEqual({ EVENTS: 'permission_denied' })
  })
})

describe('close', () => {
  it('sends what is queued, ends all that runs, and within its deadline', async () => {
    const server = await broker()
    const bus = busOn(server)
    await bus.ready()
    bus.follow({ stream: 'EVENTS', name: 'f', after: 0, handle: () => undefined })
    bus.consume({ stream: 'EVENTS', durable: 'c', filter: 'ops.health.>', handle: async () => undefined })
    await bus.acquireLease({ key: 'k', holder: 'collector@web-1' })
    bus.serve([{ verb: 'x', description: 'x', handle: async () => null }])
    const published = Promise.all(Array.from({ length: 50 }, () => bus.publishEvent('ops.health.web-1.http', event())))
    const startedMs = performance.now()
    await bus.close(2000)
    expect(performance.now() - startedMs).toBeLessThan(2200)
    expect(new Set(await published)).toEqual(new Set(['acknowledged']))
    expect(bus.state).toBe('closed')
    await expect(bus.request('x', {})).rejects.toMatchObject({ code: 'bus_closed' })
    await bus.close()
  })

  it('keeps to its deadline when the broker hangs and a handler does not end', async () => {
    const server = await broker()
    const bus = busOn(server)
    await bus.ready()
    const started = Promise.withResolvers<void>()
    bus.consume({
      stream: 'EVENTS',
      durable: 'c',
      filter: 'ops.health.>',
      handle: () => {
        started.resolve()
        return new Promise(() => undefined)
      },
    })
    await bus.publishEvent('ops.health.web-1.http', event())
    await started.promise
    await server.kill('SIGSTOP')
    const late = bus.publishEvent('ops.health.web-1.http', event())
    const startedMs = performance.now()
    await bus.close(2000)
    expect(performance.now() - startedMs).toBeLessThan(3000)
    expect(await late).toBe('spooled')
  })

  it('is quick when it never was connected', async () => {
    const bus = busOn({ url: `nats://127.0.0.1:${await freePort()}` })
    const spooled = bus.publishEvent('ops.health.web-1.http', event())
    const startedMs = performance.now()
    await bus.close()
    expect(performance.now() - startedMs).toBeLessThan(1000)
    expect(await spooled).toBe('spooled')
  })
})
