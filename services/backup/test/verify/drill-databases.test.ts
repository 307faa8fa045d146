import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { BackupEvent } from '@nightshift/shared/events/backup'
import { mariadbObstacle, startMariadb } from '@nightshift/test-servers/mariadb'
import { postgresObstacle, startPostgres, type DatabaseServer } from '@nightshift/test-servers/postgres'
import { redisObstacle, startRedis } from '@nightshift/test-servers/redis'
import { jobSchema } from '../../src/config/job-config.ts'
import { RedisConnection } from '../../src/sources/redis/connection.ts'
import { findProgram } from '../../src/sources/process/find-program.ts'
import { createSource } from '../../src/sources/registry.ts'
import { serverAddress } from '../../src/sources/server-address.ts'
import { loadAndCompare } from '../../src/verify/drill-databases.ts'
import { BackupRig } from '../backup-rig.ts'
import { dumpTo, sourceContext, temporaryFolder } from '../sources/source-context.ts'

const never = { verify: { packs: { schedule: 'never' }, drill: 'never', whole: { schedule: 'never' } } }
let rig: BackupRig
let server: DatabaseServer | undefined
beforeEach(async () => {
  rig = await BackupRig.start()
  await rig.makeRepository('disk')
}, 60_000)
afterEach(async () => {
  await rig.stop()
  await server?.stop()
  server = undefined
})

function skipped(what: string, obstacle: string | undefined): boolean {
  if (obstacle !== undefined) process.stdout.write(`skipped: drills of a real ${what}: ${obstacle}\n`)
  return obstacle !== undefined
}

/** Backs the source up and drills it, as the service does. */
async function drilled(source: object, drill: object): Promise<BackupEvent> {
  const job = { source, retry: { attempts: 1 }, rto: '10m', drill }
  await rig.backUp({ ...rig.config({}, never), jobs: { shop: job } })
  await rig.ask('run', { job: 'shop' })
  const of = (phases: string[]): BackupEvent => {
    const event = rig.events('shop').find(({ phase }) => phases.includes(phase))
    if (event === undefined) throw new Error(`not yet: ${rig.phases('shop').join(' ')}`)
    return event
  }
  expect(await vi.waitFor(() => of(['verified', 'failed']), 60_000)).toMatchObject({ phase: 'verified' })
  await rig.ask('drill', { job: 'shop' })
  return await vi.waitFor(() => of(['drill', 'drill_failed']), 90_000)
}

const noPostgres = postgresObstacle() ?? (findProgram(['pg_dump']) === undefined ? 'no pg_dump' : undefined)
describe.skipIf(skipped('PostgreSQL', noPostgres))('PostgreSQL', () => {
  async function start(): Promise<string> {
    server = await startPostgres()
    const url = `postgres://postgres:${server.password}@127.0.0.1:${server.port}`
    await run(`${url}/postgres`, 'CREATE DATABASE shop')
    await run(
      `${url}/shop`,
      'CREATE TABLE items (id bigserial PRIMARY KEY, text text)',
      'INSERT INTO items (text) SELECT md5(n::text) FROM generate_series(1, 20000) n',
      'CREATE TABLE orders (id bigint PRIMARY KEY, item bigint REFERENCES items)',
      'INSERT INTO orders SELECT n, n FROM generate_series(1, 500) n',
    )
    return `${url}/shop`
  }

  async function run(url: string, ...statements: string[]): Promise<void> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      for (const statement of statements) await client.query(statement)
    } finally {
      await client.end()
    }
  }

  test('the dump is loaded into a server of its own, its rows are those of the backup, and its queries hold', async () => {
    const url = await start()
    const queries = { linked: { query: 'SELECT id FROM orders WHERE item NOT IN (SELECT id FROM items)' } }
    const event = await drilled({ kind: 'postgres', url }, { queries })
    expect(event).toMatchObject({ phase: 'drill', error: null, level: 'V2', rto_met: true })
    // Two files and three folders, one database, two tables, one query.
    expect(event.checked_items).toBeGreaterThanOrEqual(8)
  }, 120_000)

  test('what is missing from the restored database is named, beside the live one too, which stays as it was', async () => {
    const url = await start()
    const folder = temporaryFolder()
    const config = (load: string) =>
      jobSchema.parse({
        source: { kind: 'postgres', url },
        drill: { load, queries: { all: { query: 'TABLE orders', expect: { rows: 501 } } } },
      })
    const source = await createSource(config('scratch').source)
    const material = await source.open(sourceContext())
    await dumpTo(material, folder)
    const facts = { ...(await material.finish()), 'rows.shop.public.items': 20_001 }
    await material.close()
    for (const load of ['scratch', 'live']) {
      const found = await loadAndCompare(config(load), { ...sourceContext(), files: folder, facts })
      expect(found.findings).toEqual([
        'rows.shop.public.items: 20000 restored, 20001 at the backup',
        'query all: 500 rows, expected 501, such as 1 | 2 | 3',
      ])
    }
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    const { rows } = await client.query('SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1')
    await client.end()
    expect(rows.map(({ datname }: { datname: string }) => datname)).toEqual(['postgres', 'shop'])

    const dump = join(folder, 'postgres', 'shop', 'database.dump')
    writeFileSync(dump, readFileSync(dump).subarray(0, -2000))
    await expect(loadAndCompare(config('scratch'), { ...sourceContext(), files: folder, facts })).rejects.toMatchObject({
      code: 'load_failed',
    })
  }, 120_000)
})

describe.skipIf(skipped('MariaDB', mariadbObstacle()))('MariaDB', () => {
  test('the dump is loaded into a server of its own, and its rows are those of the backup', async () => {
    server = await startMariadb()
    const url = `mysql://tester:${server.password}@127.0.0.1:${server.port}/shop`
    const client = await createConnection(url)
    await client.query('CREATE TABLE items (id bigint PRIMARY KEY, text text)')
    await client.query('INSERT INTO items SELECT seq, MD5(seq) FROM seq_1_to_3000')
    await client.end()
    const queries = { some: { query: 'SELECT count(*) FROM items', expect: { value: 3000 } } }
    expect(await drilled({ kind: 'mysql', url }, { queries })).toMatchObject({ phase: 'drill', error: null })
  }, 150_000)
})

describe.skipIf(skipped('Redis', redisObstacle()))('Redis', () => {
  test('the dump is loaded into a server of its own, and its keys are those of the backup', async () => {
    server = await startRedis()
    const url = `redis://:${server.password}@127.0.0.1:${server.port}`
    const address = serverAddress({ url }, 6379)
    const client = await RedisConnection.open(address, new AbortController().signal)
    await client.command('SET', 'one', '1')
    await client.command('SET', 'two', '2')
    client.close()
    const event = await drilled({ kind: 'redis', url }, {})
    expect(event).toMatchObject({ phase: 'drill', error: null })
  }, 120_000)
})
