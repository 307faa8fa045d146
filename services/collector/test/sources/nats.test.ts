import { createServer, type RequestListener } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { catalogue } from '@nightshift/shared/metrics/catalogue'
import { freePort, startNats, type NatsServer } from '@nightshift/test-servers/nats'
import { collectorConfigSchema } from '../../src/config.ts'
import type { Reading } from '../../src/sources/source.ts'
import { hostPaths } from '../../src/procfs/host-paths.ts'
import { natsSource } from '../../src/sources/nats.ts'
import { keptLog } from '../kept-log.ts'
import { sourceContext } from '../source-context.ts'

let server: NatsServer
let url = ''

beforeAll(async () => {
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  server = await startNats({ config: `http: "127.0.0.1:${port}"` })
  const connection = await connect({ servers: server.url })
  for (const name of ['ORDERS', 'TINY']) {
    const config = JSON.stringify({ name, subjects: [`${name}.>`], storage: 'file', retention: 'limits' })
    await connection.request(`$JS.API.STREAM.CREATE.${name}`, config)
  }
  for (let n = 0; n < 10; n++) await connection.request('ORDERS.new', 'x'.repeat(1000))
  await connection.close()
}, 30_000)
afterAll(async () => await server?.stop())

function open(target: object, everyMs = 1000) {
  const { log, lines } = keptLog()
  const { groups } = collectorConfigSchema.parse({ groups: { nats: { targets: { main: target } } } })
  const source = natsSource.open(hostPaths({}), groups.nats, sourceContext({ log, everyMs }))
  onTestFinished(() => source.close())
  const read = async (): Promise<Reading> => await source.read(1)
  const main = async () => (await read()).items?.[0] ?? {}
  return { read, main, lines }
}

async function listen(handle: RequestListener): Promise<string> {
  const fake = createServer(handle)
  fake.listen(0, '127.0.0.1')
  await once(fake, 'listening')
  onTestFinished(() => {
    fake.closeAllConnections()
    fake.close()
  })
  return `http://127.0.0.1:${(fake.address() as AddressInfo).port}`
}

test('a real server shows all the figures of the catalogue, and none else', async () => {
  const { read } = open({ url })
  const { items, beside } = await read()
  const item = items?.[0] ?? {}
  expect(item).toMatchObject({
    target: 'main',
    up: 1,
    connections: 0,
    jetstream_streams: 2,
    jetstream_messages: 10,
    slow_consumers_total: 0,
  })
  expect(item['jetstream_storage_bytes']).toBeGreaterThan(10_000)
  expect(Object.keys(item)).toEqual(['target', ...Object.keys(catalogue.nats.items.fields)])
  const [orders, tiny] = beside?.['nats_stream']?.items ?? []
  expect(orders).toMatchObject({ target: 'main', account: '$G', stream: 'ORDERS', messages: 10, sequence_total: 10, consumers: 0 })
  expect(tiny).toMatchObject({ stream: 'TINY', messages: 0 })
})

test('rates are over the time between two looks', async () => {
  const { main } = open({ url })
  expect((await main())['received_messages_per_second']).toBeNull()
  const connection = await connect({ servers: server.url })
  for (let n = 0; n < 100; n++) connection.publish('noise', 'x')
  await connection.flush()
  const item = await main()
  expect(item['received_messages_per_second']).toBeGreaterThan(100)
  expect(item).toMatchObject({ connections: 1, slow_consumers_total: 0 })
  await connection.close()
})

test('a server that hangs costs one look within its time, and is back by itself', async () => {
  const { read, lines } = open({ url, timeout: '1s' }, 250)
  expect((await read()).items?.[0]).toMatchObject({ up: 1 })
  await server.kill('SIGSTOP')
  const startMs = performance.now()
  expect((await read()).items?.[0]).toMatchObject({ up: 0, connections: null, jetstream_streams: null })
  expect(performance.now() - startMs).toBeLessThan(4000)
  await server.kill('SIGCONT')
  await vi.waitFor(async () => expect((await read()).items?.[0]).toMatchObject({ up: 1 }), { timeout: 20_000, interval: 100 })
  expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual([
    expect.stringContaining('nats main gives no metrics: connected to 127.0.0.1'),
    'nats main answers again',
  ])
})

test('a restart between two looks is no outage', async () => {
  const { main, lines } = open({ url })
  expect(await main()).toMatchObject({ up: 1 })
  await server.restart()
  await vi.waitFor(async () => expect(await main()).toMatchObject({ up: 1 }), { timeout: 5000, interval: 100 })
  expect(lines).toEqual([])
})

test('what is no monitoring port is told so, and a body without end is not read', async () => {
  const page = open({ url: await listen((_, response) => response.end('<html>hello</html>')) })
  expect(await page.main()).toMatchObject({ up: 0 })
  expect(page.lines.join('')).toContain('is it the monitoring port')
  const flood = open({
    timeout: '20s',
    url: await listen((_, response) => {
      const chunk = Buffer.alloc(256 * 1024, ' ')
      const pour = (): void => {
        while (!response.destroyed && response.write(chunk));
      }
      response.on('drain', pour)
      pour()
    }),
  })
  expect(await flood.main()).toMatchObject({ up: 0 })
  expect(flood.lines.join('')).toContain('is larger than 4194304 bytes')
})

test('a server without JetStream has none of its fields', async () => {
  const varz = {
    server_name: 's',
    start: '2026-01-01T00:00:00Z',
    now: '2026-01-01T00:01:00Z',
    connections: 1,
    max_connections: 10,
    jetstream: {},
  }
  const { main } = open({ url: await listen((_, response) => response.end(JSON.stringify(varz))) })
  const item = await main()
  expect(item).toMatchObject({ up: 1, uptime_seconds: 60, connections_ratio: 0.1 })
  expect(Object.keys(item).filter((name) => name.startsWith('jetstream'))).toEqual([])
})
