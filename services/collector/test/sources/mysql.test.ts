import mysql from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { catalogue } from '@nightshift/shared/metrics/catalogue'
import { mariadbObstacle, startMariadb } from '@nightshift/test-servers/mariadb'
import { collectorConfigSchema } from '../../src/config.ts'
import type { Reading } from '../../src/sources/source.ts'
import { hostPaths } from '../../src/procfs/host-paths.ts'
import { mysqlSource } from '../../src/sources/mysql.ts'
import { keptLog } from '../kept-log.ts'
import { sourceContext } from '../source-context.ts'

const obstacle = mariadbObstacle()
if (obstacle !== undefined) process.stdout.write(`skipped: ${obstacle}\n`)

describe.skipIf(obstacle !== undefined)(`MariaDB${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`, () => {
  let server: Awaited<ReturnType<typeof startMariadb>>

  beforeAll(async () => {
    server = await startMariadb({ settings: ['--max-connections=20'] })
    const admin = await connect()
    await admin.query("CREATE USER watcher@'127.0.0.1' IDENTIFIED BY 'w4tch'")
    await admin.query("GRANT PROCESS, SLAVE MONITOR ON *.* TO watcher@'127.0.0.1'")
    await admin.query("GRANT SELECT ON shop.* TO watcher@'127.0.0.1'")
    await admin.query("CREATE USER nobody@'127.0.0.1' IDENTIFIED BY 'n0body'")
    await admin.query('CREATE TABLE shop.orders (id INT PRIMARY KEY, note VARCHAR(100)) ENGINE=InnoDB')
    await admin.query("INSERT INTO shop.orders SELECT seq, REPEAT('x', 100) FROM seq_1_to_5000")
    await admin.query('CREATE TABLE shop.tiny (id INT) ENGINE=InnoDB')
    await admin.query('ANALYZE TABLE shop.orders')
    await admin.end()
  }, 60_000)
  afterAll(async () => await server?.stop())

  async function connect() {
    const connection = await mysql.createConnection({
      host: '127.0.0.1',
      port: server.port,
      user: server.user,
      password: server.password,
      database: 'shop',
    })
    connection.on('error', () => undefined)
    return connection
  }

  function open(target: object, everyMs = 1000) {
    const { log, lines } = keptLog()
    const { groups } = collectorConfigSchema.parse({ groups: { mysql: { targets: { main: { port: server.port, ...target } } } } })
    const source = mysqlSource.open(hostPaths({}), groups.mysql, sourceContext({ log, everyMs }))
    const read = async (): Promise<Reading> => await source.read(1)
    const main = async () => (await read()).items?.[0] ?? {}
    return { source, read, main, lines }
  }
  const watcher = { user: 'watcher', password: 'w4tch' }

  test('a user with three privileges sees all the figures of the catalogue, and none else', async () => {
    const { source, read } = open(watcher)
    const { items, beside } = await read()
    const item = items?.[0] ?? {}
    expect(item).toMatchObject({ target: 'main', up: 1, connections_max: 20, read_only: 0, replica: 0, deadlocks_total: 0 })
    const known = new Set<string>(['target', ...Object.keys(catalogue.mysql.items.fields)])
    expect(Object.keys(item).filter((name) => !known.has(name))).toEqual([])
    const unknown = Object.entries(item).filter(
      ([name, value]) => value === null && !name.endsWith('_per_second') && name !== 'buffer_pool_hit_ratio',
    )
    expect(unknown).toEqual([])
    const [first, second] = beside?.['mysql_table']?.items ?? []
    expect(first).toMatchObject({ target: 'main', database: 'shop', table: 'orders' })
    expect(first?.['size_bytes']).toBeGreaterThan(500_000)
    expect(second).toMatchObject({ table: 'tiny' })
    source.close()
  })

  test('rates are over the time between two looks, and tables come on their own cadence', async () => {
    const { source, main, read } = open(watcher)
    expect((await main())['questions_per_second']).toBeNull()
    const second = await read()
    expect(second.items?.[0]?.['questions_per_second']).toBeGreaterThan(0)
    expect(second.beside).toBeUndefined()
    source.close()
  })

  test('a replica that does not run says so', async () => {
    const admin = await connect()
    await admin.query("CHANGE MASTER 'far' TO MASTER_HOST='127.0.0.1', MASTER_PORT=1, MASTER_USER='x', MASTER_PASSWORD='y'")
    const { source, main } = open(watcher)
    expect(await main()).toMatchObject({ replica: 1, replica_running: 0, replication_lag_seconds: null })
    source.close()
    await admin.query("RESET SLAVE 'far' ALL")
    await admin.end()
  })

  test('a user without any privilege gets null for what it may not see, and no error', async () => {
    const { source, read, lines } = open({ user: 'nobody', password: 'n0body' })
    const { items, beside } = await read()
    expect(items?.[0]).toMatchObject({ up: 1, replica: null, replication_lag_seconds: null, size_bytes: null, connections_max: 20 })
    expect(beside?.['mysql_table']?.items).toEqual([])
    expect(lines).toEqual([])
    source.close()
  })

  test('a wrong password is said once, without the password', async () => {
    const { source, main, lines } = open({ user: 'watcher', password: 'wr0ng-5ecret' })
    expect(await main()).toMatchObject({ target: 'main', up: 0, connections: null })
    await main()
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('refuses user watcher with this password')
    expect(lines.join('')).not.toContain('wr0ng-5ecret')
    source.close()
  })

  test('a server that hangs costs one look within its time, keeps its tables, and is back by itself', async () => {
    const { source, read, lines } = open({ ...watcher, timeout: '1s' }, 250)
    expect((await read()).items?.[0]).toMatchObject({ up: 1 })
    await server.kill('SIGSTOP')
    const startMs = performance.now()
    expect((await read()).items?.[0]).toMatchObject({ up: 0, connections: null })
    expect(performance.now() - startMs).toBeLessThan(4000)
    await server.kill('SIGCONT')
    await vi.waitFor(async () => expect((await read()).items?.[0]).toMatchObject({ up: 1 }), { timeout: 20_000, interval: 100 })
    expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual([
      expect.stringContaining('mysql main gives no metrics: connected to 127.0.0.1'),
      'mysql main answers again',
    ])
    source.close()
  })

  test('a restart between two looks is no outage', async () => {
    const { source, main, lines } = open(watcher)
    expect(await main()).toMatchObject({ up: 1 })
    await server.restart()
    expect(await main()).toMatchObject({ up: 1 })
    expect(lines).toEqual([])
    source.close()
  })
})
