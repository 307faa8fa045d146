import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, expect, test, vi } from 'vitest'
import { systemClock, type Clock } from '@nightshift/shared/clock'
import { CheckSet } from '../../../src/checks/runs/check-set.ts'
import type { Run } from '../../../src/checks/runs/check-runner.ts'
import { collectorConfigSchema, type CollectorConfig } from '../../../src/config.ts'
import { hostPaths } from '../../../src/procfs/host-paths.ts'
import { TurnedClock } from '../../turned-clock.ts'

const cleanups: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

const patience = { timeout: 10_000, interval: 20 }

async function open(checks: Record<string, object>, clock: Clock = systemClock) {
  const runs: { name: string; run: Run; atMs: number }[] = []
  const set = new CheckSet({
    hostName: 'web-1',
    host: hostPaths({}),
    clock,
    report(name, _config, run) {
      runs.push({ name, run, atMs: performance.now() })
      return run
    },
  })
  cleanups.push(() => set.stop())
  await set.apply(parse(checks))
  return { of: (name: string) => runs.filter((each) => each.name === name), runs, set }
}

function parse(checks: Record<string, object>): CollectorConfig['checks'] {
  return collectorConfigSchema.parse({ checks }).checks
}

/** A port that counts its connections and, when mute, never says a word. */
async function listener(greeting?: string): Promise<{ port: number; connections: () => number; server: Server }> {
  let connections = 0
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => undefined)
    if (greeting !== undefined) socket.end(greeting)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    sockets.forEach((socket) => socket.destroy())
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, connections: () => connections, server }
}

test('checks run on their cadence, each for itself', async () => {
  const { port } = await listener()
  const { of } = await open({ fast: { kind: 'tcp', port, every: '250ms' }, slow: { kind: 'tcp', port, every: '1h' } })
  await vi.waitFor(() => expect(of('fast').length).toBeGreaterThanOrEqual(4), patience)
  expect(of('slow').length).toBeLessThanOrEqual(1)
  const [first, second] = of('fast')
  expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(100)
  expect(first?.run).toMatchObject({ outcome: { ok: true }, latencySeconds: expect.any(Number) })
})

test('a check that hangs is ended by its timeout, and delays no other', async () => {
  const mute = await listener()
  const { of, set } = await open({
    hangs: { kind: 'http', url: `http://127.0.0.1:${mute.port}/`, every: '2s', timeout: '1500ms' },
    other: { kind: 'tcp', port: mute.port, every: '250ms' },
  })
  await vi.waitFor(() => expect(of('hangs')).toHaveLength(1), patience)
  expect(of('hangs')[0]?.run).toMatchObject({ outcome: { ok: false, error: expect.stringContaining('no complete answer within 1.5s') } })
  expect(of('hangs')[0]?.run.latencySeconds).toBeGreaterThan(1.4)
  await vi.waitFor(() => expect(of('other').length).toBeGreaterThanOrEqual(2), patience)
  expect(set.stats.timeouts).toBe(1)
})

test('one run is in flight per check: a due run that finds one is skipped, and a request joins it', async () => {
  const mute = await listener()
  const { of, set } = await open({ hangs: { kind: 'http', url: `http://127.0.0.1:${mute.port}/`, every: '250ms', timeout: '900ms' } })
  await vi.waitFor(() => expect(mute.connections()).toBe(1), patience)
  const [one, two] = await Promise.all([set.run('hangs'), set.run('hangs')])
  expect(one).toBe(two)
  expect(of('hangs')).toHaveLength(1)
  expect(mute.connections()).toBe(1)
  expect(set.stats.skips).toBeGreaterThanOrEqual(2)
})

test('a request runs the check at once, and the next within a quarter of a second gets the same result', async () => {
  const { port, connections } = await listener()
  const clock = new TurnedClock()
  const { set } = await open({ web: { kind: 'tcp', port, every: '1h' } }, clock)
  const first = await set.run('web')
  clock.turn(249)
  expect(await set.run('web')).toBe(first)
  clock.turn(1)
  const second = await set.run('web')
  expect(second).not.toBe(first)
  expect([first.outcome.ok, second.outcome.ok]).toEqual([true, true])
  await vi.waitFor(() => expect(connections()).toBe(2), patience)
})

test('a request for a check that is not there says which there are', async () => {
  const { set } = await open({ web: { kind: 'tcp', port: 1, every: '1h' } })
  await expect(set.run('wbe')).rejects.toMatchObject({ code: 'unknown_check', message: 'no check is named "wbe" here; there is web' })
})

test('a reload leaves an unchanged check alone, restarts a changed one and ends a removed one', async () => {
  const { port } = await listener()
  const same = { kind: 'tcp', port, every: '250ms' }
  const { of, set } = await open({ same, changed: { kind: 'tcp', port, every: '1h' }, removed: { kind: 'tcp', port, every: '250ms' } })
  await vi.waitFor(() => expect(of('removed').length).toBeGreaterThanOrEqual(1), patience)
  await set.apply(parse({ same, changed: { kind: 'tcp', port, every: '250ms' }, added: { kind: 'tcp', port, every: '250ms' } }))
  const removedRuns = of('removed').length
  await vi.waitFor(() => expect([of('changed').length, of('added').length].every((count) => count >= 2)).toBe(true), patience)
  expect(of('removed')).toHaveLength(removedRuns)
  expect(set.size).toBe(3)
})

test('a stop breaks off what runs, at once and without a result', async () => {
  const mute = await listener()
  const { runs, set } = await open({ hangs: { kind: 'http', url: `http://127.0.0.1:${mute.port}/`, every: '250ms', timeout: '20s' } })
  await vi.waitFor(() => expect(mute.connections()).toBe(1), patience)
  const asked = set.run('hangs').catch((error: unknown) => error)
  const startMs = performance.now()
  await set.stop()
  expect(await asked).toMatchObject({ code: 'stopping' })
  expect(performance.now() - startMs).toBeLessThan(10_000)
  expect(runs).toEqual([])
})

test('thousands of runs leave nothing behind in memory', async () => {
  const clock = new TurnedClock()
  const check = { kind: 'process', pid_file: '/no/such.pid', every: '1h' }
  const set = new CheckSet({ hostName: 'web-1', host: hostPaths({}), clock, report: (_name, _config, run) => run.outcome.ok })
  cleanups.push(() => set.stop())
  await set.apply(parse({ check }))
  const run = async (count: number): Promise<number> => {
    for (let index = 0; index < count; index++) {
      clock.turn(1000)
      expect(await set.run('check')).toBe(false)
    }
    return heapBytes()
  }
  await run(500)
  const before = await run(500)
  expect(((await run(3000)) - before) / 3000).toBeLessThan(300)
})

function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}
