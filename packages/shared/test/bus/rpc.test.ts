import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { Svcm } from '@nats-io/services'
import type { Bus, Endpoint } from '@nightshift/shared/bus/bus'
import { ConflictError, ContractError, EffectError } from '@nightshift/shared/errors'
import type { NatsServer } from '@nightshift/test-servers/nats'
import { describe, expect, it } from 'vitest'
import { broker, busOn, client, recordingLog, expectSoon } from './fixture.ts'

const echo: Endpoint = { verb: 'echo', description: 'Says it again', handle: async (request) => ({ heard: request }) }
const endpoint = (verb: string, handle: Endpoint['handle']): Endpoint => ({ verb, description: verb, handle })

async function serving(server: NatsServer, endpoints: Endpoint[], options: Parameters<typeof busOn>[1] = {}): Promise<Bus> {
  const bus = busOn(server, { service: 'alerter', host: 'hub', ...options })
  await bus.ready()
  bus.serve(endpoints)
  const [first] = endpoints
  const asker = busOn(server, { service: 'cli', needs: { streams: [], buckets: [] } })
  await asker.ready()
  const subject = `ops.rpc.alerter.${first?.verb}`
  if (options.service === undefined)
    await expectSoon(async () => (await asker.request(subject, {}).catch((error) => error.code)) !== 'no_responder')
  return asker
}

function findCli(): string | undefined {
  const named = process.env['NATS_CLI']
  const candidates = named ? [named] : (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'nats'))
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

describe('request', () => {
  it('gets the reply of the endpoint', async () => {
    const asker = await serving(await broker(), [echo, endpoint('nothing', async () => undefined)])
    expect(await asker.request('ops.rpc.alerter.echo', { a: ['ü', null] })).toEqual({ heard: { a: ['ü', null] } })
    expect(await asker.request('ops.rpc.alerter.echo', undefined)).toEqual({})
    expect(await asker.request('ops.rpc.alerter.nothing', {})).toBeNull()
  })

  it('throws the error of the endpoint with its code and whether it passes', async () => {
    const { log, lines } = recordingLog()
    const server = await broker()
    const bus = busOn(server, { service: 'alerter', host: 'hub' }, log)
    await bus.ready()
    bus.serve([
      endpoint('contract', async () => Promise.reject(new ContractError('bad_rule', 'there is no rule "x\nü"'))),
      endpoint('conflict', async () => Promise.reject(new ConflictError('taken', 'somebody was faster'))),
      endpoint('passing', async () => Promise.reject(new EffectError('slow', 'try later', { transient: true }))),
      endpoint('bug', async () => Promise.reject(new TypeError('secret detail'))),
      endpoint('large', async () => 'x'.repeat(3_000_000)),
    ])
    const asker = busOn(server, { service: 'cli' })
    await asker.ready()
    await expectSoon(async () => (await asker.request('ops.rpc.alerter.large', {}).catch((error) => error.code)) !== 'no_responder')
    const ask = (verb: string) => asker.request(`ops.rpc.alerter.${verb}`, {})
    await expect(ask('contract')).rejects.toMatchObject({ code: 'bad_rule', message: 'there is no rule "x\nü"', transient: false })
    await expect(ask('conflict')).rejects.toMatchObject({ code: 'taken', transient: false })
    await expect(ask('passing')).rejects.toMatchObject({ code: 'slow', transient: true })
    await expect(ask('bug')).rejects.toMatchObject({ code: 'internal_error', message: expect.not.stringContaining('secret') })
    await expect(ask('large')).rejects.toMatchObject({ code: 'reply_too_large', transient: false })
    expect(lines).toContainEqual(expect.objectContaining({ verb: 'bug', error: 'secret detail' }))
    const raw = await (await client(server)).request('ops.rpc.alerter.contract', '')
    expect(raw.headers?.get('Nats-Service-Error-Code')).toBe('400')
    expect(raw.headers?.get('Nats-Service-Error')).toBe('there is no rule "x "')
    const garbled = await (await client(server)).request('ops.rpc.alerter.contract', 'no JSON')
    expect(garbled.json()).toMatchObject({ code: 'bad_json' })
  })

  it('tells nobody there from nobody answering in time, and both from no bus', async () => {
    const server = await broker()
    const asker = await serving(server, [echo, endpoint('hang', () => new Promise(() => undefined))])
    await expect(asker.request('ops.rpc.alerter.other', {})).rejects.toMatchObject({ code: 'no_responder', transient: true })
    await expect(asker.request('ops.rpc.alerter.hang', {}, 200)).rejects.toMatchObject({ code: 'timeout', transient: true })
    await server.kill('SIGKILL')
    await expectSoon(() => asker.state === 'disconnected')
    await expect(asker.request('ops.rpc.alerter.echo', {})).rejects.toMatchObject({ code: 'bus_away', transient: true })
  })

  it('is refused when too many are under way', async () => {
    const release = Promise.withResolvers<void>()
    const asker = await serving(await broker(), [echo, endpoint('wait', () => release.promise)])
    const waiting = Array.from({ length: 64 }, () => asker.request('ops.rpc.alerter.wait', {}))
    await expect(asker.request('ops.rpc.alerter.wait', {})).rejects.toMatchObject({ code: 'busy', transient: true })
    release.resolve()
    await Promise.all(waiting)
    expect(await asker.request('ops.rpc.alerter.echo', 1)).toEqual({ heard: 1 })
  })
})

describe('serve', () => {
  it('answers under the host when the service lives on one', async () => {
    const server = await broker()
    const asker = await serving(server, [echo], { service: 'collector', host: 'db1.example.com' })
    await serving(server, [endpoint('echo', async () => 'the other')], { service: 'collector', host: 'db2' })
    const ask = () => asker.request('ops.rpc.collector.db1_2eexample_2ecom.echo', 1).catch((error) => error.code)
    await expectSoon(async () => (await ask()) !== 'no_responder')
    expect(await ask()).toEqual({ heard: 1 })
    await expectSoon(async () => (await asker.request('ops.rpc.collector.db2.echo', 1).catch(() => undefined)) === 'the other')
    await expect(asker.request('ops.rpc.collector.echo', 1)).rejects.toMatchObject({ code: 'no_responder' })
  })

  it('is seen by the services framework with host and instance, and once however often it is called', async () => {
    const server = await broker()
    const bus = busOn(server, { service: 'alerter', host: 'hub', instance: 'run-1' })
    bus.serve([echo])
    await bus.ready()
    bus.serve([endpoint('list', async () => [])])
    bus.serve([])
    const nc = await client(server)
    const services = new Svcm(nc).client({ strategy: 'timer', maxWait: 300 })
    await expectSoon(async () => (await Array.fromAsync(await services.info())).some(({ endpoints }) => endpoints.length === 2))
    const infos = await Array.fromAsync(await services.info())
    expect(infos).toHaveLength(1)
    expect(infos[0]).toMatchObject({ name: 'alerter', version: '0.1.0', metadata: { host: 'hub', instance: 'run-1' } })
    expect(infos[0]?.endpoints.map(({ subject }) => subject)).toEqual(['ops.rpc.alerter.echo', 'ops.rpc.alerter.list'])
    expect(infos[0]?.endpoints[0]?.metadata).toEqual({ description: 'Says it again' })
    expect(await Array.fromAsync(await services.ping('alerter'))).toHaveLength(1)
  })

  it('answers again after the broker was killed, and no more after it was closed', async () => {
    const server = await broker()
    const bus = busOn(server, { service: 'alerter', host: 'hub' })
    bus.serve([echo])
    const asker = busOn(server, { service: 'cli' })
    const ask = () => asker.request('ops.rpc.alerter.echo', 1).catch((error) => error.code)
    await expectSoon(async () => typeof (await ask()) === 'object')
    await server.restart()
    await expectSoon(() => bus.state === 'connected' && asker.state === 'connected')
    expect(await ask()).toEqual({ heard: 1 })
    await bus.close()
    expect(await ask()).toBe('no_responder')
  })

  it('answers in its own namespace', async () => {
    const server = await broker()
    const bus = busOn(server, { service: 'alerter', namespace: 'lab', needs: { streams: [], buckets: [] } })
    await bus.ready()
    bus.serve([echo])
    await expectSoon(async () => (await bus.request('lab.rpc.alerter.echo', 1).catch(() => undefined)) !== undefined)
    await expect(bus.request('ops.rpc.alerter.echo', 1)).rejects.toMatchObject({ code: 'no_responder' })
  })

  it('is listed by the nats command', async ({ skip }) => {
    const cli = findCli()
    if (cli === undefined) return skip('no nats command: set NATS_CLI, or put one on PATH')
    const server = await broker()
    await serving(server, [echo])
    const run = async (...args: string[]): Promise<string> => (await promisify(execFile)(cli, ['--server', server.url, ...args])).stdout
    expect(await run('micro', 'ls')).toContain('alerter')
    expect(await run('micro', 'info', 'alerter')).toContain('ops.rpc.alerter.echo')
    expect(await run('req', 'ops.rpc.alerter.echo', '"hello"')).toContain('{"heard":"hello"}')
    return undefined
  })
})
