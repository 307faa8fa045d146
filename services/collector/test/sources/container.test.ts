import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { findGroup } from '@nightshift/shared/metrics/catalogue'
import { containerSource } from '../../src/sources/container.ts'
import type { Reading, Source } from '../../src/sources/source.ts'
import { fixturePath } from '../fixture.ts'
import { config, temporaryFolder } from '../service-on-broker.ts'
import { sourceContext } from '../source-context.ts'
import { TurnedClock } from '../turned-clock.ts'

const dockerId = 'a'.repeat(64)

interface Opened {
  readonly source: Source
  readonly root: string
  readonly sys: string
  readonly clock: TurnedClock
}

/** A host whose control groups are the hand-written ones of version 2, with or without a daemon that answers in this way. */
async function open(answer?: RequestListener, options: object = {}): Promise<Opened> {
  const root = join(temporaryFolder(), 'host')
  cpSync(fixturePath('cgroup-v2/root'), root, { recursive: true, verbatimSymlinks: true })
  cpSync(fixturePath('cgroup-v2/sys'), join(root, 'sys'), { recursive: true })
  if (answer !== undefined) await serve(join(root, 'run', 'docker.sock'), answer)
  const clock = new TurnedClock()
  const host = { proc: '/proc', sys: join(root, 'sys'), root }
  const { container } = config({ groups: { container: options } }).groups
  const source = containerSource.open(host, container, sourceContext({ clock }))
  onTestFinished(() => source.close())
  return { source, root, sys: host.sys, clock }
}

async function serve(path: string, answer: RequestListener): Promise<Server> {
  const server = createServer(answer)
  server.listen(path)
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return server
}

const running = { Id: dockerId, Names: ['/web'], Image: 'web:1', State: 'running', Status: 'Up 3 minutes (healthy)' }
const exited = { Id: 'f'.repeat(64), Names: ['/job'], Image: 'job:1', State: 'exited', Status: 'Exited (3) 2 hours ago' }
const inspection = {
  State: { Status: 'running', StartedAt: '2023-11-14T22:13:00Z', FinishedAt: '0001-01-01T00:00:00Z', Health: { Status: 'healthy' } },
  RestartCount: 4,
}

const answerWell: RequestListener = (request, response) => {
  if (request.url?.startsWith('/containers/json') === true) response.end(JSON.stringify([running, exited]))
  else if (request.url?.includes(dockerId) === true) response.end(JSON.stringify(inspection))
  else response.writeHead(404).end('{}')
}

const named = (reading: Reading, name: string) => reading.items?.find((item) => item['name'] === name)

test('what control groups and their runtimes tell comes together, in the words of the catalogue', async () => {
  const { source } = await open(answerWell)
  const reading = await source.read(null)
  expect(named(reading, 'web')).toMatchObject({
    runtime: 'docker',
    image: 'web:1',
    running: 1,
    healthy: 1,
    restarts_total: 4,
    oom_kills_total: 2,
    uptime_seconds: expect.any(Number),
    cpu_seconds_total: 12.345678,
    cpu_seconds_per_second: null,
    cpu_limit_cores: 1.5,
    cpu_throttled_ratio: null,
    memory_used_bytes: 83886080,
    memory_limit_bytes: 134217728,
    memory_used_ratio: 0.625,
    pids_used_ratio: 0.07,
  })
  expect(named(reading, 'job')).toEqual({
    name: 'job',
    runtime: 'docker',
    image: 'job:1',
    namespace: '',
    pod: '',
    running: 0,
    exit_code: 3,
    oom_kills_total: 0,
  })
  expect(named(reading, 'api')).toMatchObject({
    namespace: 'shop',
    pod: 'api-7d9f-x2x',
    image: 'example.org/shop/api:1.4',
    restarts_total: 2,
  })
  expect(named(reading, 'coredns')).toMatchObject({ runtime: 'cri-o', running: 1 })
  expect(named(reading, 'd'.repeat(12))).toMatchObject({ runtime: 'podman' })
  expect(reading.items).toHaveLength(6)
  expect(reading.fields).toEqual({ count: 6, stopped: 1, runtimes: 1, runtimes_silent: 0 })
  const entry = findGroup('container')
  const known = [...(entry?.items?.labels ?? []), ...Object.keys(entry?.items?.fields ?? {})]
  expect(reading.items?.flatMap((item) => Object.keys(item)).filter((key) => !known.includes(key))).toEqual([])
})

test('rates come with the second look; a container that was started again has none, and its counters go on', async () => {
  const { source, sys } = await open(answerWell)
  await source.read(null)
  const group = join(sys, 'fs/cgroup/system.slice', `docker-${dockerId}.scope`)
  writeFileSync(join(group, 'cpu.stat'), 'usage_usec 15345678\nnr_periods 1100\nnr_throttled 275\nthrottled_usec 9600000\n')
  writeFileSync(join(group, 'io.stat'), '8:0 rbytes=1460000 wbytes=314773600 rios=1 wios=1 dbytes=0 dios=0\n')
  expect(named(await source.read(2), 'web')).toMatchObject({
    cpu_seconds_per_second: 1.5,
    cpu_used_ratio: 1,
    cpu_throttled_ratio: 0.25,
    read_bytes_per_second: 0,
  })
  const anew = join(sys, 'anew')
  cpSync(group, anew, { recursive: true })
  writeFileSync(join(anew, 'memory.events'), 'oom_kill 1\n')
  rmSync(group, { recursive: true })
  renameSync(anew, group)
  expect(named(await source.read(2), 'web')).toMatchObject({ cpu_seconds_per_second: null, oom_kills_total: 3 })
})

test('a daemon that hangs delays the looks at which containers came, by seconds at most, and no other', async () => {
  const { source, clock, sys } = await open(() => undefined)
  const look = async (): Promise<{ reading: Reading; tookMs: number }> => {
    const startMs = performance.now()
    return { reading: await source.read(null), tookMs: performance.now() - startMs }
  }
  const first = await look()
  expect(first.tookMs).toBeGreaterThan(2900)
  expect(named(first.reading, 'a'.repeat(12))).toMatchObject({ running: 1, cpu_limit_cores: 1.5 })
  clock.turn(1000)
  expect((await look()).tookMs).toBeLessThan(400)
  mkdirSync(join(sys, 'fs/cgroup/docker', '9'.repeat(64)), { recursive: true })
  expect(named((await look()).reading, '9'.repeat(12))).toMatchObject({ running: 1 })
})

test('a daemon that stops answering is counted, and what it last said is kept', async () => {
  let isBroken = false
  const { source, clock } = await open((request, response) => {
    if (isBroken) response.writeHead(500).end()
    else answerWell(request, response)
  })
  await source.read(null)
  isBroken = true
  await vi.waitFor(async () => {
    clock.turn(10_000)
    const reading = await source.read(10)
    expect(reading.fields).toMatchObject({ runtimes: 1, runtimes_silent: 1 })
    expect(named(reading, 'web')).toMatchObject({ healthy: 1 })
  })
})

test('an answer that never ends is cut off: no memory is taken for it', async () => {
  const chunk = Buffer.alloc(1024 * 1024, '[')
  let sent = 0
  const { source, clock } = await open((_, response) => {
    const more = (): void => {
      while (!response.destroyed && sent < 64 && response.write(chunk)) sent++
      if (sent < 64) response.once('drain', more)
    }
    more()
  })
  await source.read(null)
  await vi.waitFor(async () => {
    clock.turn(10_000)
    expect((await source.read(10)).fields).toMatchObject({ runtimes_silent: 1 })
  })
  expect(sent).toBeLessThan(40)
})

test('names that are excluded are left out; more than 256 containers are counted, not sent', async () => {
  const { source, sys } = await open(answerWell, { exclude: ['coredns', 'jo*'] })
  expect((await source.read(null)).items).toHaveLength(4)
  for (let index = 0; index < 300; index++)
    mkdirSync(join(sys, 'fs/cgroup/docker', index.toString(16).padStart(64, '0')), { recursive: true })
  const reading = await source.read(1)
  expect(reading.items).toHaveLength(256)
  expect(reading.overflow).toBe(48)
})
