import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { catalogue } from '@nightshift/shared/metrics/catalogue'
import { postgresObstacle, startPostgres } from '@nightshift/test-servers/postgres'
import type { Reading } from '../../src/sources/source.ts'
import { postgresSource } from '../../src/sources/postgres.ts'
import { hostPaths } from '../../src/procfs/host-paths.ts'
import { collectorConfigSchema } from '../../src/config.ts'
import { keptLog } from '../kept-log.ts'
import { sourceContext } from '../source-context.ts'

const obstacle = postgresObstacle()
if (obstacle !== undefined) process.stdout.write(`skipped: ${obstacle}\n`)

describe.skipIf(obstacle !== undefined)(`PostgreSQL${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`, () => {
  let server: Awaited<ReturnType<typeof startPostgres>>
  let admin: pg.Client

  beforeAll(async () => {
    server = await startPostgres({ settings: ['max_connections=20', 'wal_level=logical', 'shared_preload_libraries=pg_stat_statements'] })
    admin = await connect('postgres')
    await admin.query('CREATE DATABASE shop')
    await admin.query("CREATE ROLE watcher LOGIN PASSWORD 'w4tch' IN ROLE pg_monitor")
    await admin.query("CREATE ROLE nobody_special LOGIN PASSWORD 'n0body'")
    await admin.query('REVOKE CONNECT ON DATABASE postgres FROM PUBLIC')
    const shop = await connect('shop')
    await shop.query('CREATE EXTENSION pg_stat_statements')
    await shop.query('CREATE TABLE orders AS SELECT n AS id, repeat($$x$$, 100) AS note FROM generate_series(1, 5000) n')
    await shop.query('CREATE TABLE tiny (id int)')
    await shop.query('SELECT pg_stat_force_next_flush()')
    await shop.query('ANALYZE')
    await shop.query('DELETE FROM orders WHERE id <= 1000')
    await shop.end()
  }, 60_000)
  afterAll(async () => {
    await admin?.end().catch(() => undefined)
    await server?.stop()
  })

  async function connect(database: string): Promise<pg.Client> {
    const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', password: server.password, database })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }

  function open(target: object, log = keptLog(), everyMs = 1000) {
    const { groups } = collectorConfigSchema.parse({
      groups: { postgres: { targets: { main: { port: server.port, database: 'shop', ...target } } } },
    })
    const source = postgresSource.open(hostPaths({}), groups.postgres, sourceContext({ log: log.log, everyMs }))
    const read = async (): Promise<Reading> => await source.read(1)
    const main = async () => (await read()).items?.[0] ?? {}
    return { source, read, main, lines: log.lines }
  }
  const watcher = { user: 'watcher', password: 'w4tch' }

  test('a monitor sees all the figures of the catalogue, and none else', async () => {
    const { source, read } = open(watcher)
    const { items, beside, unreadable } = await read()
    const item = items?.[0] ?? {}
    expect(unreadable).toBe(0)
    expect(item).toMatchObject({ target: 'main', up: 1, connections_max: 20, replica: 0, replicas: 0, slots: 0, locks_waiting: 0 })
    const known = new Set<string>(['target', ...Object.keys(catalogue.postgres.items.fields)])
    expect(Object.keys(item).filter((name) => !known.has(name))).toEqual([])
    const unknown = Object.entries(item).filter(
      ([name, value]) => value === null && !name.endsWith('_per_second') && name !== 'cache_hit_ratio',
    )
    expect(unknown).toEqual([])
    expect(Object.keys(beside ?? {}).toSorted()).toEqual(['postgres_database', 'postgres_statement', 'postgres_table'])
    for (const [group, reading] of Object.entries(beside ?? {})) {
      const { labels, fields } = catalogue[group as 'postgres_table'].items
      const names = new Set<string>([...labels, ...Object.keys(fields)])
      expect(reading.items?.flatMap((each) => Object.keys(each)).filter((name) => !names.has(name))).toEqual([])
    }
    source.close()
  })

  test('tables come with their size and dead rows, statements without their text', async () => {
    const { source, read } = open(watcher)
    const tables = async () => (await read()).beside?.['postgres_table']?.items ?? []
    const [first, second] = await tables()
    expect(first).toMatchObject({ target: 'main', database: 'shop', table: 'public.orders', rows: 4000, dead_rows: 1000, dead_ratio: 0.2 })
    expect(first?.['size_bytes']).toBeGreaterThan(500_000)
    expect(second).toMatchObject({ table: 'public.tiny', vacuum_age_seconds: null })
    source.close()
    const again = open(watcher)
    const { beside } = await again.read()
    expect(JSON.stringify(beside?.['postgres_statement'])).not.toMatch(/select|insert|orders/i)
    expect(beside?.['postgres_statement']?.items?.length).toBeGreaterThan(3)
    again.source.close()
  })

  test('a table that somebody holds exclusively keeps nobody waiting, and its size is null', async () => {
    const holder = await connect('shop')
    await holder.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE')
    const { source, read } = open(watcher)
    const { items, beside } = await read()
    expect(items?.[0]).toMatchObject({ up: 1, connections_idle_in_transaction: 1 })
    expect(beside?.['postgres_table']?.items?.find((item) => item['table'] === 'public.orders')).toMatchObject({ size_bytes: null })
    await holder.end()
    source.close()
  })

  test('rates are over the time between two looks', async () => {
    const { source, main } = open(watcher)
    expect((await main())['commits_per_second']).toBeNull()
    const shop = await connect('shop')
    for (let n = 0; n < 20; n++) await shop.query('INSERT INTO tiny VALUES (1)')
    await shop.end()
    const second = await vi.waitFor(
      async () => {
        const item = await main()
        expect(item['rows_inserted_per_second']).toBeGreaterThan(0)
        return item
      },
      { timeout: 5000, interval: 200 },
    )
    expect(second['commits_per_second']).toBeGreaterThan(0)
    expect(second['wal_bytes_per_second']).toBeGreaterThanOrEqual(0)
    expect(second['cache_hit_ratio']).toBeGreaterThan(0)
    source.close()
  })

  test('slow statements, lock waits, old transactions and slots are seen', async () => {
    await admin.query("SELECT pg_create_logical_replication_slot('forgotten', 'pgoutput')")
    const [sleeper, holder, waiter] = [await connect('shop'), await connect('shop'), await connect('shop')]
    const sleeping = sleeper.query('SELECT pg_sleep(30)').catch(() => undefined)
    await holder.query('BEGIN; LOCK TABLE tiny')
    const waiting = waiter.query('SELECT * FROM tiny').catch(() => undefined)
    const { source, main } = open({ ...watcher, slow_statement: '200ms', tables: 0 })
    await vi.waitFor(
      async () =>
        expect(await main()).toMatchObject({ slow_statements: 2, connections_waiting: 1, locks_waiting: 1, slots: 1, slots_inactive: 1 }),
      { timeout: 5000, interval: 100 },
    )
    const item = await main()
    expect(item['oldest_transaction_seconds']).toBeGreaterThan(0.2)
    source.close()
    await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'shop'")
    await Promise.all([sleeping, waiting])
    await admin.query("SELECT pg_drop_replication_slot('forgotten')")
  })

  test('a user without any privilege gets null for what it may not see, and no error', async () => {
    const { source, read, lines } = open({ user: 'nobody_special', password: 'n0body' })
    const { items, beside } = await read()
    expect(items?.[0]).toMatchObject({
      up: 1,
      connections_active: null,
      oldest_transaction_seconds: null,
      size_bytes: null,
      connections_max: 20,
    })
    expect(items?.[0]?.['connections']).toBeGreaterThan(0)
    const databases = beside?.['postgres_database']?.items ?? []
    expect(databases.find((item) => item['database'] === 'postgres')).toMatchObject({ size_bytes: null })
    expect(databases.find((item) => item['database'] === 'shop')?.['size_bytes']).toBeGreaterThan(1_000_000)
    expect(lines).toEqual([])
    source.close()
  })

  test('a wrong password is said once, without the password', async () => {
    const { source, main, lines } = open({ user: 'watcher', password: 'wr0ng-5ecret' })
    expect(await main()).toMatchObject({ target: 'main', up: 0, connections: null })
    await main()
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(`refuses the password of user watcher`)
    expect(lines.join('')).not.toContain('wr0ng-5ecret')
    source.close()
  })

  test('a server that hangs costs one look within its time, is down, and is back by itself', async () => {
    const { source, read, lines } = open({ ...watcher, timeout: '1s' }, keptLog(), 250)
    expect((await read()).items?.[0]).toMatchObject({ up: 1 })
    await server.kill('SIGSTOP')
    const startMs = performance.now()
    const hung = await read()
    expect(performance.now() - startMs).toBeLessThan(4000)
    expect(hung.items?.[0]).toMatchObject({ up: 0, connections: null })
    const pausedMs = performance.now()
    await read()
    expect(performance.now() - pausedMs).toBeLessThan(500)
    await server.kill('SIGCONT')
    await vi.waitFor(async () => expect((await read()).items?.[0]).toMatchObject({ up: 1 }), { timeout: 20_000, interval: 100 })
    expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual([
      expect.stringContaining('postgres main gives no metrics: connected to 127.0.0.1'),
      'postgres main answers again',
    ])
    source.close()
  })

  test('a restart between two looks is no outage', async () => {
    const { source, main, lines } = open(watcher)
    expect(await main()).toMatchObject({ up: 1 })
    await server.restart()
    const item = await main()
    expect(item).toMatchObject({ up: 1 })
    expect(item['uptime_seconds']).toBeLessThan(30)
    expect(lines).toEqual([])
    source.close()
    expect(await main()).toMatchObject({ up: 0 })
  })
})
