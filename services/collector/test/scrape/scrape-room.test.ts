import { expect, test, vi } from 'vitest'
import type { Received } from '@nightshift/shared/events/parse'
import { brokerWithListener, config, startCollector, type Heard } from '../service-on-broker.ts'
import { servePage } from './page-server.ts'

const quiet = { groups: Object.fromEntries(['cpu', 'load', 'mem', 'fs', 'disk', 'net'].map((name) => [name, { enabled: false }])) }
type MetricMessage = Extract<Received, { kind: 'metric' }>['event']

const messagesOf = (heard: Heard, group: string): MetricMessage[] =>
  heard
    .of('metric')
    .filter(({ event }) => event.group === group)
    .map(({ event }) => event)

test('an application is on the bus with its values and rates, and so is how the scrape went', async () => {
  let requests = 0
  const app = await servePage(
    (_request, response) => void response.end(`# TYPE requests_total counter\nrequests_total ${(requests += 10)}\nfps 9.5\n`),
  )
  const { server, heard } = await brokerWithListener()
  const { service } = await startCollector(server.url, { ...quiet, scrape: { 'safety-api': { url: app.url, every: '250ms' } } })
  await vi.waitFor(() => expect(messagesOf(heard, 'app_safety-api').length).toBeGreaterThanOrEqual(3), 10_000)
  const [first, second] = messagesOf(heard, 'app_safety-api')
  expect(first).not.toHaveProperty('interval_seconds')
  expect(first?.items).toEqual([
    { metric: 'requests_total', value: 10, rate_per_second: null },
    { metric: 'fps', value: 9.5 },
  ])
  const rate = second?.items?.[0]?.['rate_per_second']
  expect(Number(rate) * (second?.interval_seconds ?? 0)).toBeCloseTo(10, 0)
  await vi.waitFor(
    () =>
      expect(messagesOf(heard, 'scrape').at(-1)?.items).toMatchObject([
        { job: 'safety-api', instance: new URL(app.url).host, up: 1, series: 2 },
      ]),
    10_000,
  )
  expect(service.self()).toMatchObject({ scrape_jobs: 1, scrape_targets: 1, scrape_targets_down: 0, scrape_series: 2 })
})

test('while one target is down its items are there without values, and while all are nothing is said of them but that they are down', async () => {
  const [one, two] = [await servePage('clients 1\n'), await servePage('clients 2\n')]
  const { server, heard } = await brokerWithListener()
  await startCollector(server.url, { ...quiet, scrape: { ws: { targets: [one.url, two.url], every: '250ms' } } })
  const last = (): unknown => messagesOf(heard, 'app_ws').at(-1)?.items
  const [first, second] = [one, two].map(({ url }) => new URL(url).host)
  const both = [
    { metric: 'clients', instance: first, value: 1 },
    { metric: 'clients', instance: second, value: 2 },
  ]
  await vi.waitFor(() => expect(last()).toEqual(both), 10_000)
  await two.stop()
  await vi.waitFor(() => expect(last()).toEqual([both[0], { ...both[1], value: null }]), 10_000)
  await one.stop()
  const down = [
    { job: 'ws', instance: first, up: 0 },
    { job: 'ws', instance: second, up: 0 },
  ]
  await vi.waitFor(() => expect(messagesOf(heard, 'scrape').at(-1)?.items).toMatchObject(down), 10_000)
  const count = messagesOf(heard, 'app_ws').length
  const statuses = messagesOf(heard, 'scrape').length
  await vi.waitFor(() => expect(messagesOf(heard, 'scrape').length).toBeGreaterThan(statuses), 10_000)
  expect(messagesOf(heard, 'app_ws')).toHaveLength(count)
})

test('many series go in parts that the contract allows, and more than are allowed are counted', async () => {
  const page = Array.from(
    { length: 2500 },
    (_, index) => `business_metric{product="product-${index}",region="eu-central"} ${index}\n`,
  ).join('')
  const app = await servePage(page)
  const { server, heard } = await brokerWithListener()
  const { service } = await startCollector(server.url, { ...quiet, scrape: { shop: { url: app.url, every: '1s' } } })
  await vi.waitFor(() => expect(messagesOf(heard, 'app_shop').flatMap(({ items }) => items ?? [])).toHaveLength(2000), 10_000)
  expect(messagesOf(heard, 'app_shop')[0]).toMatchObject({ part: 1, parts: messagesOf(heard, 'app_shop').length })
  expect(service.self()).toMatchObject({ scrape_series: 2000, scrape_dropped_series: 500 })
})

test('a reload keeps the jobs that did not change, ends those that are gone, and the last one takes everything with it', async () => {
  const [one, two] = [await servePage('a 1\n'), await servePage('b 1\n')]
  const { server, heard } = await brokerWithListener()
  const jobs = { one: { url: one.url, every: '250ms' }, two: { url: two.url, every: '250ms' } }
  const { service } = await startCollector(server.url, { ...quiet, scrape: jobs })
  await vi.waitFor(() => expect(['app_one', 'app_two'].map((group) => messagesOf(heard, group).length > 0)).toEqual([true, true]), 10_000)
  await service.reload(config({ ...quiet, scrape: { one: jobs.one } }))
  const requests = two.requests.length
  const messages = messagesOf(heard, 'app_one').length
  await vi.waitFor(() => expect(messagesOf(heard, 'app_one').length).toBeGreaterThan(messages + 2), 10_000)
  expect(one.connections).toBe(1)
  expect(two.requests).toHaveLength(requests)
  await service.reload(config(quiet))
  expect(service.self()).not.toHaveProperty('scrape_jobs')
})

test('a target that hangs is asked by one request at a time, and holds up no other job', async () => {
  let open = 0
  let most = 0
  const hanging = await servePage((request) => {
    most = Math.max(most, ++open)
    request.socket.once('close', () => open--)
  })
  const lively = await servePage('a 1\n')
  const { server, heard } = await brokerWithListener()
  const { service } = await startCollector(server.url, {
    ...quiet,
    scrape: { slow: { url: hanging.url, every: '250ms', timeout: '200ms' }, fast: { url: lively.url, every: '250ms' } },
  })
  await vi.waitFor(() => expect(hanging.requests.length).toBeGreaterThanOrEqual(4), 10_000)
  await vi.waitFor(() => expect(messagesOf(heard, 'app_fast').length).toBeGreaterThanOrEqual(4), 10_000)
  expect(most).toBe(1)
  expect(messagesOf(heard, 'app_slow')).toEqual([])
  expect(service.self()).toMatchObject({ scrape_targets: 2, scrape_targets_down: 1 })
})
