import { once } from 'node:events'
import { Agent, request as httpRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { BusError, ConflictError } from '../../src/errors.ts'
import type { ServiceHandle } from '../../src/service/handle.ts'
import { healthReport, machineReader, type MachineReading } from '../../src/service/health.ts'
import { startHttp, type HttpRoute, type HttpServer } from '../../src/service/http-server.ts'
import { createLog } from '../../src/service/log.ts'
import { healthRoute, probeRoute, serviceRoute } from '../../src/service/probe-routes.ts'

const log = createLog({ service: 'test', host: 'web-1', level: 'critical', write: () => undefined })
const open: HttpServer[] = []

async function serve(...routes: HttpRoute[]): Promise<HttpServer> {
  const server = await startHttp({ address: '127.0.0.1', port: 0, routes, log })
  open.push(server)
  return server
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close(0)))
})

/** A service as the probes see it; what it would do stands in lifecycle.test.ts. */
function handleOf(over: Partial<ServiceHandle> = {}): ServiceHandle {
  return {
    name: 'alerter',
    host: 'web-1',
    instance: '01J',
    state: 'ready',
    failure: undefined,
    bus: { state: 'connected' } as ServiceHandle['bus'],
    stopped: Promise.resolve(undefined),
    notReady: () => [],
    metricsText: () => 'nightshift_alerter_up 1\n',
    reload: async () => undefined,
    stop: async () => undefined,
    handleHttp: async () => false,
    ...over,
  }
}

const healthy: MachineReading = {
  disk: { free_bytes: 1e9, used_ratio: 0.5 },
  memory: { available_bytes: 1e9, used_ratio: 0.5 },
  cpu: { load1_per_core: 0.2 },
}

describe('the probes of a service', () => {
  it('is live and ready, and shows its metrics', async () => {
    const { url } = await serve(probeRoute(handleOf()))
    const live = await fetch(`${url}/livez`)
    expect([live.status, await live.json()]).toEqual([200, { status: 'ok', service: 'alerter' }])
    const ready = await fetch(`${url}/readyz?verbose`)
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: 'ok', service: 'alerter', host: 'web-1', state: 'ready', reasons: [] },
    ])
    const metrics = await fetch(`${url}/metrics`)
    expect(metrics.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await metrics.text()).toBe('nightshift_alerter_up 1\n')
  })

  it('stays live without the bus, and says why it is not ready', async () => {
    const away = handleOf({ state: 'starting', notReady: () => ['not connected to nats://me:pw1234@127.0.0.1:4222 yet'] })
    const { url } = await serve(probeRoute(away))
    expect((await fetch(`${url}/livez`)).status).toBe(200)
    const ready = await fetch(`${url}/readyz`)
    expect(ready.status).toBe(503)
    expect(await ready.json()).toMatchObject({
      status: 'not_ready',
      state: 'starting',
      reasons: ['not connected to nats://[redacted]@127.0.0.1:4222 yet'],
    })
  })

  it('is ready as a standby, and not while it stops', async () => {
    const { url } = await serve(
      probeRoute(handleOf({ state: 'standby' }), '/-/alerter'),
      probeRoute(handleOf({ name: 'reporter', state: 'stopping' }), '/-/reporter'),
    )
    expect((await fetch(`${url}/-/alerter/readyz`)).status).toBe(200)
    expect((await fetch(`${url}/-/reporter/readyz`)).status).toBe(503)
    expect((await fetch(`${url}/readyz`)).status).toBe(404)
  })

  it('is not live any more when it failed for good', async () => {
    const { url } = await serve(probeRoute(handleOf({ failure: new ConflictError('duplicate_instance', 'another one runs') })))
    const live = await fetch(`${url}/livez`)
    expect([live.status, await live.json()]).toMatchObject([503, { status: 'failed', code: 'duplicate_instance' }])
  })
})

describe('GET /health', () => {
  it('puts services, bus, disk, memory and load together', async () => {
    const { url } = await serve(healthRoute(() => [handleOf(), handleOf({ name: 'collector' })], machineReader('/'), 'web-1'))
    const response = await fetch(`${url}/health`)
    const report = (await response.json()) as { components: object }
    expect(Object.keys(report.components).toSorted()).toEqual(['alerter', 'bus', 'collector', 'cpu', 'disk', 'memory'])
    expect(response.status).toBe(JSON.stringify(report).includes('"critical"') ? 503 : 200)
  })

  it.each([
    ['is ok when all is well', {}, healthy, 'ok'],
    ['is critical when a service is not ready', { state: 'degraded' }, healthy, 'critical'],
    ['is critical when a service failed', { failure: new BusError('x', 'y') }, healthy, 'critical'],
    ['is critical when the bus is away', { bus: { state: 'disconnected' } }, healthy, 'critical'],
    ['is ok with a standby', { state: 'standby' }, healthy, 'ok'],
    ['warns at 85 % of the disk', {}, { ...healthy, disk: { free_bytes: 1, used_ratio: 0.86 } }, 'warning'],
    ['does not warn at exactly 85 % of the disk', {}, { ...healthy, disk: { free_bytes: 1, used_ratio: 0.85 } }, 'ok'],
    ['is critical at 95 % of the disk', {}, { ...healthy, disk: { free_bytes: 1, used_ratio: 0.951 } }, 'critical'],
    ['warns when the disk cannot be read', {}, { ...healthy, disk: null }, 'warning'],
    ['warns only, however full the memory is', {}, { ...healthy, memory: { available_bytes: 0, used_ratio: 1 } }, 'warning'],
    ['warns only, however high the load is', {}, { ...healthy, cpu: { load1_per_core: 40 } }, 'warning'],
  ] as [string, Partial<ServiceHandle>, MachineReading, string][])('%s', (_name, over, machine, status) => {
    expect(healthReport([handleOf(over)], machine, 'web-1').status).toBe(status)
  })

  it('reads a folder that is not there as unreadable', async () => {
    expect((await machineReader('/nonexistent-nightshift')()).disk).toBeNull()
    expect((await machineReader('/')()).disk?.used_ratio).toBeLessThanOrEqual(1)
  })
})

describe('the HTTP listener', () => {
  it('answers 404 as JSON for what is not there, and 405 for what only can be read', async () => {
    const { url } = await serve(probeRoute(handleOf()))
    const missing = await fetch(`${url}/nothing`)
    expect([missing.status, await missing.json()]).toEqual([404, { error: 'not_found', message: 'there is nothing at /nothing' }])
    const refused = await fetch(`${url}/livez`, { method: 'POST', body: '{}' })
    expect([refused.status, refused.headers.get('allow'), ((await refused.json()) as { error: string }).error]).toEqual([
      405,
      'GET, HEAD',
      'method_not_allowed',
    ])
    const head = await fetch(`${url}/livez`, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  it('hands what it does not know to the service', async () => {
    const handleHttp: ServiceHandle['handleHttp'] = async (request, response) => {
      if (request.url !== '/api/v1/state') return false
      response.end('{}')
      return true
    }
    const { url } = await serve(probeRoute(handleOf()), serviceRoute(handleOf({ handleHttp })))
    expect(await (await fetch(`${url}/api/v1/state`)).text()).toBe('{}')
    expect((await fetch(`${url}/api/v1/other`)).status).toBe(404)
  })

  it('answers 500 without details when a page fails, and lives on', async () => {
    const { url } = await serve(async () => {
      throw new Error('secret detail')
    })
    const failed = await fetch(`${url}/x`)
    expect(failed.status).toBe(500)
    expect(await failed.text()).not.toContain('secret detail')
    expect((await fetch(`${url}/x`)).status).toBe(500)
  })

  it('refuses a body that is announced as too large, and headers without end', async () => {
    const { url, port } = await serve(probeRoute(handleOf()))
    const large = httpRequest(`${url}/livez`, { method: 'POST', headers: { 'content-length': 2_000_000 } })
    large.on('error', () => undefined)
    large.flushHeaders()
    const [response] = (await once(large, 'response')) as [{ statusCode: number; resume(): void }]
    response.resume()
    expect(response.statusCode).toBe(413)
    large.destroy()
    const answer = await speak(port, `GET /livez HTTP/1.1\r\nhost: x\r\nx-long: ${'a'.repeat(20_000)}\r\n\r\n`)
    expect(answer).toContain(' 431 ')
  })

  it('says what to do when the port is taken, and takes the next one when it may', async () => {
    const { port } = await serve()
    await expect(startHttp({ address: '127.0.0.1', port, routes: [], log })).rejects.toMatchObject({
      code: 'http_listen',
      message: expect.stringContaining('`http.port:`'),
    })
    const next = await startHttp({ address: '127.0.0.1', port, portTries: 50, routes: [], log })
    open.push(next)
    expect(next.port).toBeGreaterThan(port)
    await expect(startHttp({ address: '203.0.113.1', port: 0, routes: [], log })).rejects.toMatchObject({ code: 'http_listen' })
  })

  it('closes at once although clients keep their connections open, and cuts answers that never end', async () => {
    const server = await serve(async (_request, response) => {
      response.write('forever')
      return true
    })
    const agent = new Agent({ keepAlive: true })
    const idle = connect(server.port, '127.0.0.1')
    await once(idle, 'connect')
    const endless = httpRequest(`${server.url}/stream`, { agent })
    endless.on('error', () => undefined).end()
    const [stream] = (await once(endless, 'response')) as [NodeJS.ReadableStream]
    stream.on('error', () => undefined).resume()
    const startedMs = performance.now()
    await server.close(200)
    expect(performance.now() - startedMs).toBeLessThan(2000)
    await expect(fetch(`${server.url}/x`)).rejects.toThrow('fetch failed')
    idle.destroy()
    agent.destroy()
  })
})

async function speak(port: number, text: string): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (data) => (answer += data.toString())).on('error', () => undefined)
  socket.write(text)
  await once(socket, 'close')
  return answer
}
