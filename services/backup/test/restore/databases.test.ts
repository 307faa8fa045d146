import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { mariadbObstacle, startMariadb } from '@nightshift/test-servers/mariadb'
import { postgresObstacle, startPostgres } from '@nightshift/test-servers/postgres'
import { redisObstacle, startRedis } from '@nightshift/test-servers/redis'
import { prepareRestore } from '../../src/restore/prepare-restore.ts'
import { restoreRequestSchema } from '../../src/restore/request.ts'
import type { RestoreParts } from '../../src/restore/restore-parts.ts'
import { serverAddress } from '../../src/sources/server-address.ts'
import { findProgram } from '../../src/sources/process/find-program.ts'
import { RedisConnection } from '../../src/sources/redis/connection.ts'
import { fingerprint, RestoreScene } from './restore-scene.ts'

let scene: RestoreScene
beforeEach(async () => void (scene = await RestoreScene.make()))
afterEach(() => scene.remove())

const takenBack = { outcome: 'undone', problems: [], failure: expect.stringContaining('not well') }
const sick = { health: { run: ['false'], timeout: '1s' } }
const plan = async (request: Record<string, unknown>, parts: RestoreParts) =>
  (await prepareRestore(restoreRequestSchema.parse(request), parts)).plan.members[0]

describe('SQLite', () => {
  const path = (): string => scene.path('live', 'shop.db')
  const parts = (restore: Record<string, unknown> = {}): RestoreParts =>
    scene.parts({ shop: { source: { kind: 'sqlite', path: path() }, restore } })
  const run = (sql: string): unknown[] => {
    const database = new DatabaseSync(path())
    try {
      return database
        .prepare(sql)
        .all()
        .map((row) => Object.values(row)[0])
    } finally {
      database.close()
    }
  }
  beforeEach(async () => {
    const database = new DatabaseSync(path())
    database.exec('CREATE TABLE orders (id INTEGER PRIMARY KEY, what TEXT)')
    database.exec(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO orders SELECT i, 'order ' || i FROM n",
    )
    database.close()
    await scene.backUp('shop', parts())
    run('DELETE FROM orders WHERE id > 100')
    run("INSERT INTO orders VALUES (1000, 'since')")
  })

  test('the plan counts what would be lost, the file changes places, and an unwell one gives it back byte for byte', async () => {
    expect((await plan({ name: 'shop', in_place: true }, parts()))?.facts_lost?.facts).toEqual([
      { fact: 'rows.orders', backed_up: 500, live: 101 },
    ])
    const before = fingerprint(path())
    const undone = await scene.restore({ name: 'shop', in_place: true, safety: false }, parts(sick))
    expect(undone).toMatchObject(takenBack)
    expect(fingerprint(path())).toBe(before)
    const outcome = await scene.restore({ name: 'shop', in_place: true }, parts())
    expect(outcome).toMatchObject({ outcome: 'done', failure: null })
    expect(run('SELECT count(*) FROM orders')).toEqual([500])
    const [kept = ''] = outcome.members[0]?.kept ?? []
    expect(fingerprint(kept).length).toBe(64)
    expect(existsSync(kept)).toBe(true)
    expect(outcome.members[0]).toMatchObject({ checked: 1 })
    expect(scene.leftovers()).toEqual([])
  })

  test('rows that fit come back into the live table, those added since stay, and nothing beside is left', async () => {
    const shown: string[] = []
    const confirmRows = async (text: string): Promise<boolean> => await Promise.resolve(shown.push(text) > 0)
    const request = { name: 'shop', tables: ['orders'], where: 'id BETWEEN 200 AND 209', in_place: true }
    const outcome = await scene.restore(request, { ...parts(), confirmRows })
    expect(outcome).toMatchObject({ outcome: 'done', members: [{ rows: 10 }] })
    expect(shown[0]).toContain('10 rows of orders')
    expect(run('SELECT count(*) FROM orders')).toEqual([111])
    const refused = await scene.restore(request, { ...parts(), confirmRows: async () => await Promise.resolve(false) })
    expect(refused).toMatchObject({ outcome: 'undone', failure: 'nothing was changed' })
    expect(scene.leftovers()).toEqual([])
    const beside = await scene.restore({ name: 'shop' }, parts())
    expect(beside.members[0]?.restored[0]).toMatch(/shop\.db_restored_\d{8}_\d{6}$/)
  })
})

const postgres = postgresObstacle() ?? (findProgram(['pg_dump']) === undefined ? 'no pg_dump' : undefined)
if (postgres !== undefined) process.stdout.write(`skipped: restores of a real PostgreSQL: ${postgres}\n`)
describe.skipIf(postgres !== undefined)('PostgreSQL', () => {
  test('in place, a table, rows, and back again', async () => {
    const server = await startPostgres()
    onTestFinished(async () => await server.stop())
    const url = `postgres://postgres:${server.password}@127.0.0.1:${server.port}`
    const run = async (database: string, ...statements: string[]): Promise<unknown[]> => {
      const client = new pg.Client({ connectionString: `${url}/${database}` })
      client.on('error', () => undefined)
      await client.connect()
      try {
        let rows: Record<string, unknown>[] = []
        for (const statement of statements) ({ rows } = await client.query(statement))
        return rows.map((row) => Object.values(row)[0])
      } finally {
        await client.end()
      }
    }
    const parts = (restore: Record<string, unknown> = {}): RestoreParts =>
      scene.parts({ shop: { source: { kind: 'postgres', url: `${url}/shop` }, restore: { ...restore, hold_healer: false } } })
    await run('postgres', 'CREATE DATABASE shop')
    await run(
      'shop',
      'CREATE TABLE orders (id bigint PRIMARY KEY, what text)',
      'INSERT INTO orders SELECT n, n::text FROM generate_series(1, 5000) n',
    )
    await scene.backUp('shop', parts())
    const digest = async (): Promise<unknown[]> => await run('shop', "SELECT md5(string_agg(o::text, ',' ORDER BY id)) FROM orders o")
    const then = await digest()
    await run('shop', 'DELETE FROM orders WHERE id <= 4000', "INSERT INTO orders VALUES (9999, 'since')")
    const now = await digest()
    expect((await plan({ name: 'shop', in_place: true }, parts()))?.facts_lost).toEqual({
      facts: [{ fact: 'rows.shop.public.orders', backed_up: 5000, live: 1001 }],
      unreadable: null,
    })

    expect(await scene.restore({ name: 'shop', in_place: true, safety: false }, parts(sick))).toMatchObject(takenBack)
    expect(await digest()).toEqual(now)
    const databases = async (): Promise<unknown[]> =>
      await run('postgres', "SELECT datname FROM pg_database WHERE datname LIKE 'shop%' ORDER BY 1")
    expect(await databases()).toEqual(['shop'])

    const rows = await scene.restore({ name: 'shop', tables: ['public.orders'], where: 'id <= 10', in_place: true, safety: false }, parts())
    expect(rows).toMatchObject({ outcome: 'done', members: [{ rows: 10 }] })
    expect(await run('shop', 'SELECT count(*)::int FROM orders')).toEqual([1011])
    expect(await databases()).toEqual(['shop'])

    const outcome = await scene.restore({ name: 'shop', in_place: true }, parts())
    expect(outcome).toMatchObject({ outcome: 'done', failure: null, members: [{ checked: 1 }] })
    expect(await digest()).toEqual(then)
    expect(await databases()).toEqual(['shop', outcome.members[0]?.kept[0]])
    expect(outcome.safety).toHaveLength(1)

    const beside = await scene.restore({ name: 'shop', tables: ['public.orders'] }, parts())
    expect(await run(beside.members[0]?.restored[0] ?? '', 'SELECT count(*)::int FROM orders')).toEqual([5000])
    expect(scene.leftovers()).toEqual([])
  }, 120_000)
})

const mariadb = mariadbObstacle()
if (mariadb !== undefined) process.stdout.write(`skipped: restores of a real MariaDB: ${mariadb}\n`)
describe.skipIf(mariadb !== undefined)('MariaDB', () => {
  test('in place, rows, and back again', async () => {
    const server = await startMariadb()
    onTestFinished(async () => await server.stop())
    const login = { host: '127.0.0.1', port: server.port, user: 'tester', password: server.password }
    const run = async (...statements: string[]): Promise<unknown[]> => {
      const connection = await mysql.createConnection(login)
      try {
        let rows: unknown = []
        for (const statement of statements) [rows] = await connection.query(statement)
        return Array.isArray(rows) ? rows.map((row) => Object.values(row as object)[0] as unknown) : []
      } finally {
        await connection.end()
      }
    }
    const parts = (restore: Record<string, unknown> = {}): RestoreParts =>
      scene.parts({ shop: { source: { kind: 'mysql', ...login, databases: ['shop'] }, restore } })
    await run('CREATE TABLE shop.orders (id INT PRIMARY KEY, what TEXT)', 'CREATE TABLE shop.log (id INT PRIMARY KEY AUTO_INCREMENT)')
    await run(
      'INSERT INTO shop.orders SELECT seq, seq FROM (WITH RECURSIVE n(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < 900) SELECT seq FROM n) s',
    )
    await run('USE shop', 'CREATE TRIGGER noted AFTER INSERT ON orders FOR EACH ROW INSERT INTO log VALUES ()')
    await scene.backUp('shop', parts())
    await run('DELETE FROM shop.orders WHERE id > 100')
    expect((await plan({ name: 'shop', in_place: true }, parts()))?.facts_lost?.facts).toEqual([
      { fact: 'rows.shop.orders', backed_up: 900, live: 100 },
    ])
    const count = async (): Promise<unknown[]> => await run('SELECT count(*) FROM shop.orders')
    expect(await scene.restore({ name: 'shop', in_place: true, safety: false }, parts(sick))).toMatchObject(takenBack)
    expect(await count()).toEqual([100])
    expect(await run("SHOW DATABASES LIKE 'shop%'")).toEqual(['shop'])
    const rows = await scene.restore({ name: 'shop', tables: ['orders'], where: 'id <= 105', in_place: true, safety: false }, parts())
    expect(rows).toMatchObject({ outcome: 'done', failure: null })
    expect(await count()).toEqual([105])
    const outcome = await scene.restore({ name: 'shop', in_place: true }, parts())
    expect(outcome).toMatchObject({ outcome: 'done', failure: null })
    expect(await count()).toEqual([900])
    expect(await run("SHOW DATABASES LIKE 'shop%'")).toEqual(['shop', outcome.members[0]?.kept[0]])
    expect(await run("SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = 'shop'")).toEqual(['noted'])
    expect(scene.leftovers()).toEqual([])
  }, 120_000)
})

const redis = redisObstacle()
if (redis !== undefined) process.stdout.write(`skipped: restores of a real Redis: ${redis}\n`)
describe.skipIf(redis !== undefined)('Redis', () => {
  test('in place, keys by pattern, and back again', async () => {
    const server = await startRedis({ config: ['repl-diskless-sync-delay 0'] })
    onTestFinished(async () => await server.stop())
    const login = { port: server.port, ...(server.password === '' ? {} : { password: server.password }) }
    const command = async (...words: string[]): Promise<unknown> => {
      const connection = await RedisConnection.open(serverAddress(login, 6379), new AbortController().signal)
      try {
        const reply = await connection.command(...words)
        return Buffer.isBuffer(reply) ? reply.toString() : reply
      } finally {
        connection.close()
      }
    }
    const parts = (restore: Record<string, unknown> = {}): RestoreParts =>
      scene.parts({ cache: { source: { kind: 'redis', ...login }, restore } })
    await command('MSET', 'user:1', 'ana', 'user:2', 'ben', 'other', 'x')
    await scene.backUp('cache', parts())
    await command('DEL', 'user:1', 'other')
    await command('SET', 'since', 'new')
    expect(await scene.restore({ name: 'cache', in_place: true, safety: false }, parts(sick))).toMatchObject(takenBack)
    expect(await command('GET', 'since')).toBe('new')
    expect(await command('GET', 'user:1')).toBeNull()
    const rows = await scene.restore({ name: 'cache', tables: ['user:*'], in_place: true, safety: false }, parts())
    expect(rows).toMatchObject({ outcome: 'done', failure: null })
    expect(await command('GET', 'user:1')).toBe('ana')
    expect(await command('GET', 'other')).toBeNull()
    const outcome = await scene.restore({ name: 'cache', in_place: true }, parts())
    expect(outcome).toMatchObject({ outcome: 'done', failure: null })
    expect(await command('GET', 'other')).toBe('x')
    expect(await command('EXISTS', 'since', 'nightshift:restored', 'nightshift:before')).toBe(0)
    expect(scene.leftovers()).toEqual([])
  }, 120_000)
})
