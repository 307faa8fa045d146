import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { catalogue } from '@nightshift/shared/metrics/catalogue'
import { redisObstacle, startRedis } from '@nightshift/test-servers/redis'
import { collectorConfigSchema } from '../../src/config.ts'
import { openRedis } from '../../src/databases/redis/connection.ts'
import { serverAddress } from '../../src/databases/server-address.ts'
import type { Reading } from '../../src/sources/source.ts'
import { hostPaths } from '../../src/procfs/host-paths.ts'
import { redisSource } from '../../src/sources/redis.ts'
import { keptLog } from '../kept-log.ts'
import { sourceContext } from '../source-context.ts'

const obstacle = redisObstacle()
if (obstacle !== undefined) process.stdout.write(`skipped: ${obstacle}\n`)

describe.skipIf(obstacle !== undefined)(`Redis${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`, () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let replica: Awaited<ReturnType<typeof startRedis>>

  beforeAll(async () => {
    server = await startRedis({
      config: ['maxmemory 64mb', 'user watcher on >w4tch +info +ping +slowlog|len', 'user nobody on >n0body +ping +info'],
    })
    replica = await startRedis({ config: [`replicaof 127.0.0.1 ${server.port}`, `masterauth ${server.password}`] })
    await command('SET', 'a', '1', 'EX', '1000')
    await command('SET', 'b', '2')
  }, 30_000)
  afterAll(async () => {
    await replica?.stop()
    await server?.stop()
  })

  async function command(...words: string[]): Promise<unknown> {
    const address = serverAddress({ port: server.port, password: server.password }, 6379)
    const connection = await openRedis(address, { signal: AbortSignal.timeout(5000), progress: { connected: false } })
    const reply = await connection.command(...words)
    connection.close()
    return reply
  }

  function open(targets: object, everyMs = 1000) {
    const { log, lines } = keptLog()
    const { groups } = collectorConfigSchema.parse({ groups: { redis: { targets } } })
    const source = redisSource.open(hostPaths({}), groups.redis, sourceContext({ log, everyMs }))
    const read = async (): Promise<Reading> => await source.read(1)
    const main = async () => (await read()).items?.[0] ?? {}
    return { source, read, main, lines }
  }
  const watcher = () => ({ port: server.port, user: 'watcher', password: 'w4tch' })

  test('a user of three commands sees all the figures of the catalogue, and none else', async () => {
    const { source, read } = open({ main: watcher() })
    const { items, beside } = await read()
    const item = items?.[0] ?? {}
    expect(item).toMatchObject({
      target: 'main',
      up: 1,
      keys: 2,
      keys_expiring: 1,
      memory_max_bytes: 64 * 1024 ** 2,
      replica: 0,
      slow_commands: 0,
    })
    expect(item).toMatchObject({ rdb_save_ok: 1, aof_enabled: 0, clients_blocked: 0, loading: 0 })
    const known = new Set<string>(['target', ...Object.keys(catalogue.redis.items.fields)])
    expect(Object.keys(item).filter((name) => !known.has(name))).toEqual([])
    const unknown = Object.entries(item).filter(([name, value]) => value === null && !name.endsWith('_per_second') && name !== 'hit_ratio')
    expect(unknown).toEqual([])
    expect(beside?.['redis_db']?.items).toMatchObject([{ target: 'main', db: '0', keys: 2, keys_expiring: 1 }])
    // Redis estimates it now and then.
    await vi.waitFor(async () => expect((await read()).beside?.['redis_db']?.items?.[0]?.['ttl_seconds']).toBeCloseTo(1000, -2), {
      timeout: 20_000,
      interval: 100,
    })
    source.close()
  })

  test('hits and misses make a ratio over the interval', async () => {
    const { source, main } = open({ main: watcher() })
    await main()
    for (const key of ['a', 'b', 'a', 'missing']) await command('GET', key)
    const item = await main()
    expect(item['hit_ratio']).toBeCloseTo(0.75)
    expect(item['commands_per_second']).toBeGreaterThan(0)
    source.close()
  })

  test('a source sees its replica, and the replica its source', async () => {
    const { source, read } = open({ far: { port: replica.port, password: replica.password }, main: watcher() })
    await vi.waitFor(
      async () => {
        const [far, main] = (await read()).items ?? []
        expect(main).toMatchObject({ replicas: 1, replication_lag_bytes: expect.any(Number), replication_lag_seconds: expect.any(Number) })
        expect(far).toMatchObject({ target: 'far', replica: 1, replica_link_up: 1, replication_lag_bytes: 0 })
      },
      { timeout: 20_000, interval: 200 },
    )
    source.close()
  })

  test('a user who may not see the slow log gets null for it, and no error', async () => {
    const { source, main, lines } = open({ main: { port: server.port, user: 'nobody', password: 'n0body' } })
    expect(await main()).toMatchObject({ up: 1, slow_commands: null, keys: 2 })
    expect(lines).toEqual([])
    source.close()
  })

  test('a wrong password is said once, without the password', async () => {
    const { source, main, lines } = open({ main: { url: `redis://:wr0ng-5ecret@127.0.0.1:${server.port}` } })
    expect(await main()).toMatchObject({ target: 'main', up: 0, keys: null })
    await main()
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('refuses the password of user default')
    expect(lines.join('')).not.toContain('wr0ng-5ecret')
    source.close()
  })

  test('a server that hangs holds up no other, keeps its things with null, and is back by itself', async () => {
    const { source, read, lines } = open(
      { far: { port: replica.port, password: replica.password }, main: { ...watcher(), timeout: '1s' } },
      250,
    )
    await read()
    await server.kill('SIGSTOP')
    const startMs = performance.now()
    const { items, beside } = await read()
    expect(performance.now() - startMs).toBeLessThan(4000)
    expect(items).toEqual([
      expect.objectContaining({ target: 'far', up: 1 }),
      expect.objectContaining({ target: 'main', up: 0, keys: null }),
    ])
    expect(beside?.['redis_db']?.items).toContainEqual({ target: 'main', db: '0', keys: null, keys_expiring: null, ttl_seconds: null })
    await server.kill('SIGCONT')
    await vi.waitFor(async () => expect((await read()).items?.[1]).toMatchObject({ up: 1 }), { timeout: 20_000, interval: 100 })
    expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual([
      expect.stringContaining('redis main gives no metrics: connected to 127.0.0.1'),
      'redis main answers again',
    ])
    source.close()
  })

  test('a restart between two looks is no outage', async () => {
    const { source, main, lines } = open({ main: watcher() })
    expect(await main()).toMatchObject({ up: 1 })
    await server.restart()
    expect(await main()).toMatchObject({ up: 1, keys: 0, hit_ratio: null })
    expect(lines).toEqual([])
    source.close()
  })
})
