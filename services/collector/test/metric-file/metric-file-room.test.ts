import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { brokerWithListener, config, startCollector, temporaryFolder } from '../service-on-broker.ts'

const patience = { timeout: 10_000, interval: 20 }
const read = (path: string): string[] => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [])

test('the text file has a line with processor, memory and disk at once and then on its cadence, with or without a bus', async () => {
  const path = join(temporaryFolder(), 'metrics.log')
  await startCollector('nats://127.0.0.1:1', { every: '250ms', slow_every: '1s', metric_file: { path, every: '1s' } })
  await vi.waitFor(() => expect(read(path).length).toBeGreaterThanOrEqual(3), patience)
  for (const line of read(path)) {
    expect(line).toMatch(/^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] CPU:\d+(\.\d)?% \| MEM:\d+(\.\d)?% \| DISK:\d+(\.\d)?%$/)
  }
})

test('the JSONL file has every metric of its groups exactly as it went on the bus; a reload changes it', async () => {
  const { server, heard } = await brokerWithListener()
  const folder = temporaryFolder()
  const [path, second] = [join(folder, 'metrics.jsonl'), join(folder, 'second.jsonl')]
  const every = { every: '250ms', slow_every: '1h' }
  const { bus, service } = await startCollector(server.url, { ...every, metric_file: { path, format: 'jsonl', groups: ['cpu', 'mem'] } })
  await bus.ready()
  await vi.waitFor(() => expect(read(path).length).toBeGreaterThanOrEqual(8), patience)
  const written = read(path).map((line) => JSON.parse(line))
  expect(new Set(written.map(({ group }) => group))).toEqual(new Set(['cpu', 'mem']))
  const onBus = heard.of('metric').map(({ event }) => event)
  const last = written.at(-1)
  await vi.waitFor(() => expect(heard.of('metric').map(({ event }) => event)).toContainEqual(last), patience)
  expect(onBus.length).toBeGreaterThan(0)
  expect(service.self()).toMatchObject({ metric_file_lines_total: written.length, metric_file_dropped_total: 0 })

  await service.reload(config({ ...every, metric_file: { path: second, format: 'jsonl' } }))
  const before = read(path).length
  await vi.waitFor(() => expect(new Set(read(second).map((line) => JSON.parse(line).group)).size).toBeGreaterThanOrEqual(5), patience)
  expect(read(path)).toHaveLength(before)
  await service.reload(config(every))
  expect(service.self()).not.toHaveProperty('metric_file_lines_total')
})
