import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { findGroup } from '@nightshift/shared/metrics/catalogue'
import type { CheckEvent } from '@nightshift/shared/events/check'
import { freePort } from '@nightshift/test-servers/nats'
import { brokerWithListener, config, host, startCollector, temporaryFolder, type Heard } from './service-on-broker.ts'

/** What every Linux has. */
const groups = ['cpu', 'cpu_core', 'load', 'mem', 'fs', 'disk', 'net', 'tcp', 'vm', 'fd', 'proc']
const quiet = { every: '1h' }
const patience = { timeout: 10_000, interval: 20 }

async function listen(port: number): Promise<Server> {
  const server = createServer((socket) => socket.destroy())
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return server
}

async function close(server: Server): Promise<void> {
  server.close()
  await once(server, 'close')
}

const path = (heard: Heard): string[] => heard.of('health').map(({ event }) => `${event.check}: ${event.previous}>${event.state}`)

test('every group that this machine has comes each second, in the words of the catalogue, with the measured interval', async () => {
  const { server, heard } = await brokerWithListener()
  const { service } = await startCollector(server.url, { slow_every: '1s' })
  const times = (group: string) => heard.of('metric').filter(({ event }) => event.group === group)
  await vi.waitFor(() => expect(groups.map((group) => times(group).length >= 4)).toEqual(groups.map(() => true)), patience)
  for (const group of groups) {
    const events = times(group).map(({ event }) => event)
    expect(events[0]).not.toHaveProperty('interval_seconds')
    for (const event of events.slice(1)) expect(event.interval_seconds).toBeGreaterThan(0)
    const entry = findGroup(group)
    const last = events.at(-1)
    expect(Object.keys(last?.fields ?? {}).every((field) => entry?.fields[field] !== undefined)).toBe(true)
    const known = [...(entry?.items?.labels ?? []), ...Object.keys(entry?.items?.fields ?? {})]
    expect((last?.items ?? []).flatMap((item) => Object.keys(item)).every((key) => known.includes(key))).toBe(true)
    expect(last).toMatchObject({ host, source: `collector@${host}` })
  }
  expect(times('cpu').at(-1)?.event.fields?.['usage_ratio']).toEqual(expect.any(Number))
  expect(heard.all[0]?.subject).toMatch(/^ops\.metric\.web-1_2eexample_2ecom\./)
  expect(service.notReady()).toEqual([])
  expect(service.self()).toMatchObject({
    checks: 0,
    cpu_looks_total: expect.any(Number),
    fs_look_seconds: expect.any(Number),
    cpu_errors_total: 0,
  })
})

test('a check goes ok, failing and ok again, each result on the bus, each transition once and with one correlation', async () => {
  const { server, heard } = await brokerWithListener()
  const port = await freePort()
  const web = { kind: 'tcp', port, every: '250ms', failures: 2 }
  const app = await listen(port)
  await startCollector(server.url, { ...quiet, checks: { web } })
  await vi.waitFor(() => expect(path(heard)).toEqual(['web: null>ok']), patience)
  await close(app)
  await vi.waitFor(() => expect(path(heard)).toEqual(['web: null>ok', 'web: ok>failing']), patience)
  await listen(port)
  await vi.waitFor(() => expect(path(heard)).toEqual(['web: null>ok', 'web: ok>failing', 'web: failing>ok']), patience)

  const [, failing, recovered] = heard.of('health').map(({ event }) => event)
  expect(failing).toMatchObject({ kind: 'tcp', consecutive: 2, error: `connection refused: nothing listens on 127.0.0.1:${port}` })
  const runs = heard.of('check').map(({ event }) => event)
  const bad = runs.filter(({ ok }) => ok === false)
  expect(bad.length).toBeGreaterThanOrEqual(2)
  expect(failing?.check_event_id).toBe(bad[1]?.id)
  expect(failing?.correlation_id).toBe(bad[0]?.id)
  expect(recovered?.correlation_id).toBe(bad[0]?.id)
  expect(new Set(bad.map((run) => run.correlation_id))).toEqual(new Set([bad[0]?.id]))
  expect(heard.of('dead')).toEqual([])
})

test('a restart repeats no transition and loses none', async () => {
  const { server, heard } = await brokerWithListener()
  const stateDir = temporaryFolder()
  const port = await freePort()
  const section = {
    ...quiet,
    checks: { web: { kind: 'tcp', port, every: '250ms', failures: 1 }, old: { kind: 'tcp', port, every: '250ms', failures: 1 } },
  }
  const first = await startCollector(server.url, section, stateDir)
  await vi.waitFor(() => expect(path(heard).toSorted()).toEqual(['old: null>failing', 'web: null>failing']), patience)
  await first.stop()

  const runsBefore = heard.of('check').length
  const second = await startCollector(server.url, section, stateDir)
  await vi.waitFor(() => expect(heard.of('check').length).toBeGreaterThanOrEqual(runsBefore + 4), patience)
  expect(heard.of('health')).toHaveLength(2)
  await second.stop()

  await listen(port)
  await startCollector(server.url, { ...quiet, checks: { web: section.checks.web } }, stateDir)
  await vi.waitFor(() => expect(path(heard).slice(2).toSorted()).toEqual(['old: failing>removed', 'web: failing>ok']), patience)
})

test('transitions made while the broker is away arrive when it is back, in order and once', async () => {
  const { server, listener, heard } = await brokerWithListener()
  const port = await freePort()
  const app = await listen(port)
  const { bus } = await startCollector(server.url, { ...quiet, checks: { web: { kind: 'tcp', port, every: '250ms', failures: 1 } } })
  await vi.waitFor(() => expect(path(heard)).toEqual(['web: null>ok']), patience)
  await server.kill('SIGKILL')
  await close(app)
  await vi.waitFor(() => expect(bus.stats().spoolEvents).toBeGreaterThanOrEqual(1), patience)
  await listen(port)
  await vi.waitFor(() => expect(bus.stats().spoolEvents).toBe(2), patience)
  await server.restart()
  await listener.ready()
  await vi.waitFor(() => expect(path(heard)).toEqual(['web: null>ok', 'web: ok>failing', 'web: failing>ok']), patience)
})

test('the check verb runs a check now and gives its result; one that is not there is refused by name', async () => {
  const { server, listener, heard } = await brokerWithListener()
  const port = await freePort()
  const { bus } = await startCollector(server.url, { ...quiet, checks: { web: { kind: 'tcp', port, every: '1h' } } })
  await bus.ready()
  const ask = (request: unknown) => listener.request<CheckEvent>('ops.rpc.collector.web-1_2eexample_2ecom.check', request)
  const result = await vi.waitFor(() => ask({ check: 'web' }), patience)
  expect(result).toMatchObject({
    check: 'web',
    kind: 'tcp',
    ok: false,
    error: expect.stringContaining('connection refused'),
    latency_seconds: expect.any(Number),
    detail: {},
  })
  await vi.waitFor(() => expect(heard.of('check').map(({ event }) => event)).toContainEqual(result), patience)
  await expect(ask({ check: 'wbe' })).rejects.toMatchObject({ code: 'unknown_check' })
  await expect(ask({})).rejects.toMatchObject({ code: 'bad_request' })
})

test('a reload starts what is new, announces what was removed, and keeps the state of what stays', async () => {
  const { server, heard } = await brokerWithListener()
  const port = await freePort()
  const check = { kind: 'tcp', port, every: '250ms', failures: 1 }
  const { service } = await startCollector(server.url, { ...quiet, checks: { kept: check, changed: check, removed: check } })
  await vi.waitFor(() => expect(heard.of('health')).toHaveLength(3), patience)
  await service.reload(
    config({ ...quiet, groups: { net: { enabled: false } }, checks: { kept: check, changed: { ...check, every: '300ms' }, added: check } }),
  )
  await vi.waitFor(() => expect(path(heard).slice(3).toSorted()).toEqual(['added: null>failing', 'removed: failing>removed']), patience)
  const runs = heard.of('check').length
  await vi.waitFor(() => expect(heard.of('check').length).toBeGreaterThanOrEqual(runs + 6), patience)
  expect(heard.of('health')).toHaveLength(5)
  expect(service.self()).toMatchObject({ checks: 3, checks_failing: 3 })
  expect(service.self()).not.toHaveProperty('net_looks_total')
})
