import { gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { logShipSchema } from '../../../src/config/log-ship.ts'
import type { Bus } from '@nightshift/shared/bus/bus'
import { parseRetryAfter } from '../../../src/logs/ship/backoff.ts'
import type { Destination } from '../../../src/logs/ship/destination.ts'
import { openDestinations } from '../../../src/logs/ship/open-destinations.ts'
import { ElasticsearchIndex } from './elasticsearch-index.ts'
import { startLogServer, type Answer, type Received } from './log-server.ts'
import { destinationContext, parcels } from './parcels.ts'

const signal = AbortSignal.timeout(20_000)

/** Opened from a config as a person writes it. */
async function open(ship: object): Promise<{ destination: Destination; said: string[] }> {
  const context = destinationContext()
  const host = { proc: '/proc', sys: '/sys', root: '/' }
  const [destination] = await openDestinations(logShipSchema.parse(ship), { ...context, bus: {} as Bus, host })
  if (destination === undefined) throw new Error('no destination')
  onTestFinished(() => destination.close())
  return { destination, said: context.said }
}

async function elasticsearch(index: ElasticsearchIndex, options: object = {}, answer?: (request: Received) => Answer) {
  const server = await startLogServer(answer ?? ((request) => index.answer(request)))
  return { ...(await open({ elasticsearch: { url: `${server.url}/prefix`, ...options } })), ...server }
}

test('lines become documents of the day they are from, compressed, with the credentials and headers of the config', async () => {
  const index = new ElasticsearchIndex()
  const { destination, requests } = await elasticsearch(index, {
    auth: { username: 'ship', password: 's3cret' },
    headers: { 'x-cluster': 'a' },
  })
  await destination.ship(parcels(1500, 'warning'), signal)
  expect(destination.counts).toEqual({ shipped: 1500, rejected: 0, dropped: 0, retries: 0 })
  expect([...index.indices]).toEqual(['nightshift-logs-2026.01.31', 'nightshift-logs-2026.02.01'])
  expect(requests[0]?.path).toBe('/prefix/_bulk')
  expect(requests[0]?.headers).toMatchObject({
    'content-encoding': 'gzip',
    authorization: `Basic ${Buffer.from('ship:s3cret').toString('base64')}`,
    'x-cluster': 'a',
  })
  expect(requests[0]?.compressedBytes).toBeLessThan((requests[0]?.body.length ?? 0) / 5)
  expect([...index.documents.values()][0]).toEqual({
    '@timestamp': '2026-01-31T23:59:59.001Z',
    message: 'line 1',
    log: { level: 'warning', logger: 'app' },
    host: { name: 'web-1' },
    event: { id: expect.stringMatching(/^[0-9A-Z]{26}$/), dataset: 'app' },
    http: { request: { id: 'req-1' } },
    labels: { user_id: 1, file: '/var/log/app.log' },
  })
})

test('lines that a full queue refuses are sent again, those that fit no mapping are dropped and said, and no other is lost', async () => {
  const index = new ElasticsearchIndex()
  let turn = 0
  index.itemStatus = ({ message }) => (message === 'line 7' ? 400 : turn++ % 3 === 0 ? 429 : 201)
  const { destination, requests, said } = await elasticsearch(index)
  await destination.ship(parcels(30), signal)
  expect(destination.counts).toMatchObject({ shipped: 29, rejected: 1 })
  expect(index.documents.size).toBe(29)
  expect(requests.length).toBeGreaterThan(1)
  expect(requests[1]?.body).not.toContain('line 7"')
  expect(said.join()).toContain('failed to parse field')
})

test('lines whose answer was lost are known by their ids, and are there once', async () => {
  const index = new ElasticsearchIndex()
  let isFirst = true
  const { destination } = await elasticsearch(index, {}, (request) => {
    const answer = index.answer(request)
    const hangUp = isFirst
    isFirst = false
    return { ...answer, hangUp }
  })
  await destination.ship(parcels(20), signal)
  expect(destination.counts).toMatchObject({ shipped: 20, rejected: 0, retries: 1 })
  expect(index.documents.size).toBe(20)
})

test('the server is left alone for as long as it asks', async () => {
  const index = new ElasticsearchIndex()
  let turn = 0
  const { destination, requests } = await elasticsearch(index, {}, (request) =>
    turn++ === 0 ? { status: 429, headers: { 'retry-after': '1' } } : index.answer(request),
  )
  await destination.ship(parcels(3), signal)
  expect((requests[1]?.atMs ?? 0) - (requests[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(990)
  expect(index.documents.size).toBe(3)
})

test('a batch that is too large is halved until it fits, and a line that never fits is dropped alone', async () => {
  const index = new ElasticsearchIndex()
  index.maxBytes = 2000
  const { destination, requests } = await elasticsearch(index, { max_batch_bytes: '1MiB' })
  const [huge] = parcels(1, 'info', 100)
  if (huge === undefined) throw new Error('no parcel')
  await destination.ship(
    [...parcels(20), { ...huge, line: { ...huge.line, message: 'x'.repeat(5000) } }, ...parcels(5, 'info', 21)],
    signal,
  )
  expect(destination.counts).toMatchObject({ shipped: 25, rejected: 1 })
  expect(index.documents.size).toBe(25)
  expect(requests.length).toBeGreaterThan(4)
})

test('batches stay within their bound', async () => {
  const index = new ElasticsearchIndex()
  const { destination, requests } = await elasticsearch(index, { max_batch_bytes: '4KiB', gzip: false })
  await destination.ship(parcels(100), signal)
  expect(index.documents.size).toBe(100)
  expect(Math.max(...requests.map(({ compressedBytes }) => compressedBytes))).toBeLessThanOrEqual(4096)
})

test('wrong credentials lose no line: they are said, and the lines wait until they are put right', async () => {
  const index = new ElasticsearchIndex()
  let isAllowed = false
  const { destination, said } = await elasticsearch(index, {}, (request) => (isAllowed ? index.answer(request) : { status: 401 }))
  setTimeout(() => {
    isAllowed = true
  }, 300)
  await destination.ship(parcels(3), signal)
  expect(index.documents.size).toBe(3)
  expect(said.join()).toContain('it answers with 401; look at its address and credentials')
  expect(said.join()).toContain('elasticsearch takes lines again')
})

test('a server that stays away holds the lines up until the process stops, or until the config gives them up', async () => {
  const { destination } = await open({ elasticsearch: { url: 'http://127.0.0.1:1' } })
  await expect(destination.ship(parcels(3), AbortSignal.timeout(300))).rejects.toMatchObject({
    name: expect.stringMatching(/^(?:Abort|Timeout)Error$/),
  })
  expect(destination.counts).toMatchObject({ shipped: 0, dropped: 0 })
  const impatient = await open({ elasticsearch: { url: 'http://127.0.0.1:1', give_up_after: '1s' } })
  await impatient.destination.ship(parcels(3), signal)
  expect(impatient.destination.counts).toMatchObject({ shipped: 0, dropped: 3 })
})

test('Loki gets streams by level with the labels of the config, times in nanoseconds, and the tenant', async () => {
  const { url, requests } = await startLogServer(() => ({ status: 204 }))
  const { destination } = await open({ loki: { url, labels: { env: 'prod' }, tenant: 'team-a', auth: { bearer_token: 't0ken' } } })
  await destination.ship([...parcels(2), ...parcels(1, 'error', 3)], signal)
  expect(destination.counts).toMatchObject({ shipped: 3 })
  expect(requests).toHaveLength(1)
  expect(requests[0]?.path).toBe('/loki/api/v1/push')
  expect(requests[0]?.headers).toMatchObject({
    'x-scope-orgid': 'team-a',
    authorization: 'Bearer t0ken',
    'content-type': 'application/json',
  })
  const line = (number: number): string =>
    JSON.stringify({ message: `line ${number}`, request_id: `req-${number}`, user_id: number, file: '/var/log/app.log' })
  expect(JSON.parse(requests[0]?.body ?? '')).toEqual({
    streams: [
      {
        stream: { env: 'prod', host: 'web-1', source: 'app', level: 'info' },
        values: [
          ['1769903999001000000', line(1)],
          ['1769903999002000000', line(2)],
        ],
      },
      { stream: { env: 'prod', host: 'web-1', source: 'app', level: 'error' }, values: [['1769903999003000000', line(3)]] },
    ],
  })
})

test('lines that Loki refuses as too old are not sent for ever', async () => {
  const { url, requests } = await startLogServer(() => ({ status: 400, body: 'entry for stream has timestamp too old' }))
  const { destination, said } = await open({ loki: { url } })
  await destination.ship(parcels(3), signal)
  expect(destination.counts).toMatchObject({ shipped: 0, rejected: 3 })
  expect(requests).toHaveLength(1)
  expect(said.join()).toContain('timestamp too old')
})

test('an answer without end and one that is no JSON are survived', async () => {
  let turn = 0
  const index = new ElasticsearchIndex()
  const { destination } = await elasticsearch(index, {}, (request) =>
    turn++ === 0 ? { status: 200, body: gzipSync(Buffer.alloc(1000)).toString('latin1').repeat(200_000) } : index.answer(request),
  )
  await destination.ship(parcels(3), signal)
  expect(index.documents.size).toBe(3)
})

test.each([
  ['120', 120_000],
  ['Thu, 01 Jan 1970 00:01:00 GMT', 50_000],
  ['soon', undefined],
  [undefined, undefined],
])('Retry-After: %s means %s', (header, ms) => {
  expect(parseRetryAfter(header, 10_000)).toBe(ms)
})
