import { connect } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { systemClock } from '@nightshift/shared/clock'
import { freePort, startNats, type NatsServer } from '@nightshift/test-servers/nats'
import { NatsTarget } from '../../src/databases/nats/target.ts'
import { keptLog } from '../kept-log.ts'
import { runCheck } from './run-check.ts'

const patience = { timeout: 30_000, interval: 200 }
let servers: NatsServer[] = []
let monitors: string[] = []

/** Three servers that know each other, on ports that are free; whoever else looks for a free port meanwhile may take one of them. */
async function startCluster(attempts = 3): Promise<void> {
  const ports = [await freePort(), await freePort(), await freePort()]
  const watched = [await freePort(), await freePort(), await freePort()]
  const routes = ports.map((port) => `"nats://127.0.0.1:${port}"`).join(', ')
  const started = await Promise.allSettled(
    ports.map(
      async (port, index) =>
        await startNats({
          config: `cluster { name: test, listen: "127.0.0.1:${port}", routes: [${routes}] }\nhttp: "127.0.0.1:${watched[index]}"`,
        }),
    ),
  )
  servers = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  monitors = watched.map((port) => `http://127.0.0.1:${port}`)
  if (servers.length === ports.length) return
  await Promise.all(servers.map(async (server) => await server.stop()))
  if (attempts === 1) throw new Error('the cluster did not start', { cause: started })
  await startCluster(attempts - 1)
}

beforeAll(async () => {
  await startCluster()
  const connection = await connect({ servers: servers.map(({ url }) => url) })
  await vi.waitFor(async () => {
    const config = JSON.stringify({ name: 'ORDERS', subjects: ['orders.>'], storage: 'memory', retention: 'limits', num_replicas: 3 })
    const answer = await connection.request('$JS.API.STREAM.CREATE.ORDERS', config, { timeout: 5000 })
    if ('error' in answer.json<object>()) throw new Error(`the cluster is not ready: ${answer.string()}`)
  }, patience)
  await connection.close()
}, 60_000)
afterAll(async () => await Promise.all(servers.map(async (server) => await server.stop())))

test('a replicated stream passes, fails when a replica is lost, and has no leader when most are', async () => {
  const run = async () => await runCheck('nats', { servers: servers.map(({ url }) => url), stream: 'ORDERS' })
  await vi.waitFor(async () => expect(await run()).toMatchObject({ ok: true, detail: { stream: 'ORDERS', replicas: 3 } }), patience)
  const streams = await Promise.all(
    monitors.map(async (url) => {
      const context = { clock: systemClock, log: keptLog().log, everyMs: 1000 }
      const target = new NatsTarget('main', { url, insecure: false, streams: 10, detail_every: 1000 }, context)
      const look = await target.look()
      target.close()
      return look?.beside?.['nats_stream']?.items[0]
    }),
  )
  expect(streams.map((stream) => stream?.['has_leader'])).toEqual([1, 1, 1])
  expect(streams.flatMap((stream) => stream?.['replicas_lagging'] ?? [])).toEqual([0])
  await servers[2]?.kill('SIGKILL')
  await vi.waitFor(async () => {
    const { ok, error } = await run()
    expect({ ok, error }).toEqual({
      ok: false,
      error: expect.stringMatching(/^1 of 3 replicas of stream ORDERS are not current: nightshift-nats-/),
    })
  }, patience)
  await servers[1]?.kill('SIGKILL')
  await vi.waitFor(async () => {
    const { ok, error } = await run()
    expect(ok).toBe(false)
    expect(error).toMatch(/has no leader|cannot tell|no complete answer|2 of 3 replicas/)
  }, patience)
}, 90_000)
