import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgresObstacle, startPostgres, type DatabaseServer } from '@nightshift/test-servers/postgres'
import { sourceSchema } from '../../../src/config/source-config.ts'
import { compareFacts } from '../../../src/sources/facts.ts'
import type { Loaded, Loader } from '../../../src/sources/loader.ts'
import { findProgram } from '../../../src/sources/process/find-program.ts'
import { createLoader, createSource } from '../../../src/sources/registry.ts'
import type { Facts, Material } from '../../../src/sources/source.ts'
import { dumpTo, readAll, sourceContext, temporaryFolder } from '../source-context.ts'

const obstacle = postgresObstacle() ?? (findProgram(['pg_dump']) === undefined ? 'no pg_dump' : undefined)
if (obstacle !== undefined) process.stdout.write(`skipped: dumps of a real PostgreSQL: ${obstacle}\n`)

describe.skipIf(obstacle !== undefined)('PostgreSQL', () => {
  let server: DatabaseServer
  let url = ''

  beforeAll(async () => {
    server = await startPostgres()
    url = `postgres://postgres:${server.password}@127.0.0.1:${server.port}`
    await run('postgres', "CREATE ROLE clerk LOGIN PASSWORD 'Clerk-5ecret'", 'CREATE DATABASE shop OWNER clerk')
    await run(
      'shop',
      'CREATE TABLE public.items (id bigserial PRIMARY KEY, text text, twice int GENERATED ALWAYS AS (2) STORED)',
      'CREATE TABLE public.orders (id bigint PRIMARY KEY, item bigint REFERENCES items)',
      'CREATE TABLE public.tmp_work (x int); INSERT INTO tmp_work VALUES (1)',
      'CREATE SCHEMA "Odd name"; CREATE TABLE "Odd name"."Ta ble" (x int); INSERT INTO "Odd name"."Ta ble" VALUES (1), (2)',
      'INSERT INTO items (text) SELECT repeat(md5(n::text), 20) FROM generate_series(1, 20000) n',
      'INSERT INTO orders SELECT n, n FROM generate_series(1, 5000) n',
      'ALTER TABLE items OWNER TO clerk',
      "ALTER DATABASE shop SET work_mem = '7MB'",
    )
  }, 60_000)
  afterAll(async () => await server?.stop())

  async function run(database: string, ...statements: string[]): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: `${url}/${database}` })
    client.on('error', () => undefined)
    await client.connect()
    try {
      let rows: Record<string, unknown>[] = []
      for (const statement of statements) ({ rows } = await client.query(statement))
      return rows
    } finally {
      await client.end()
    }
  }

  async function open(more: object = {}, previousFacts?: Facts): Promise<Material> {
    const source = await createSource(sourceSchema.parse({ kind: 'postgres', url: `${url}/shop`, ...more }))
    return await source.open(sourceContext({ previousFacts }))
  }

  async function loader(): Promise<Loader> {
    const made = await createLoader(sourceSchema.parse({ kind: 'postgres', url: `${url}/shop` }), sourceContext())
    if (made === undefined) throw new Error('no loader')
    return made
  }

  async function dumped(more: object = {}): Promise<{ folder: string; facts: Facts }> {
    const folder = temporaryFolder()
    const material = await open(more)
    await dumpTo(material, folder)
    const facts = await material.finish()
    await material.close()
    return { folder, facts }
  }

  test('a drill finds exactly the rows that were counted, though others were written during the dump', async () => {
    let isWriting = true
    let written = 0
    const writing = (async () => {
      const client = new pg.Client({ connectionString: `${url}/shop` })
      await client.connect()
      while (isWriting) {
        await client.query('INSERT INTO items (text) VALUES ($1)', ['x'.repeat(100)])
        written++
        await sleep(1)
      }
      await client.end()
    })()
    const { folder, facts } = await dumped({ exclude_tables: ['public.tmp_*'] })
    isWriting = false
    await writing
    expect(written).toBeGreaterThan(10)
    expect(facts['rows.shop.public.items']).toBeGreaterThanOrEqual(20_000)
    expect(facts['rows.shop.Odd name.Ta ble']).toBe(2)
    expect(facts).not.toHaveProperty(['rows.shop.public.tmp_work'])
    const restore = await loader()
    const scratch = await restore.scratch()
    try {
      await restore.load(folder, scratch.target, {})
      const comparison = compareFacts(facts, await scratch.count())
      expect(comparison.compared).toBe(3)
      expect(comparison.mismatches).toEqual([])
      expect(await scratch.query("SELECT tableowner FROM pg_tables WHERE tablename = 'items'", 'shop')).toEqual(['clerk'])
    } finally {
      await scratch.stop()
    }
  }, 60_000)

  test('a restored database takes the place of the live one, and gives it back', async () => {
    const { folder } = await dumped()
    await run('shop', 'DELETE FROM orders')
    const restore = await loader()
    const loaded = await restore.load(folder, { suffix: '_restored_1' }, {})
    expect(loaded.items).toEqual([{ name: 'shop', loadedAs: 'shop_restored_1' }])
    const held = new pg.Client({ connectionString: `${url}/shop` })
    held.on('error', () => undefined)
    await held.connect()
    const swap = await restore.swap(loaded)
    expect(swap.kept).toEqual(['shop_before_restored_1'])
    expect(await run('shop', 'SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 5000 }])
    expect(await run('shop', 'SHOW work_mem')).toEqual([{ work_mem: '7MB' }])
    await swap.undo()
    expect(await run('shop', 'SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 0 }])
    await expect(restore.drop({ suffix: '_restored_1' }, ['shop'])).rejects.toMatchObject({ code: 'not_beside' })
    await restore.drop(loaded.target, ['shop_restored_1'])
    expect(await run('postgres', "SELECT datname FROM pg_database WHERE datname LIKE 'shop%'")).toEqual([{ datname: 'shop' }])
    await run('shop', 'INSERT INTO orders SELECT n, n FROM generate_series(1, 5000) n')
  }, 60_000)

  test('single rows come back, and those that are there are left or replaced as asked', async () => {
    const { folder } = await dumped()
    await run('shop', 'DELETE FROM orders WHERE id <= 10', "UPDATE items SET text = 'spoilt' WHERE id <= 10")
    const restore = await loader()
    const loaded: Loaded = await restore.load(folder, { suffix: '_rows' }, { tables: ['public.items', 'public.orders'] })
    await expect(restore.swap(loaded)).rejects.toMatchObject({ code: 'partial_restore' })
    expect(await restore.copyRows?.(loaded, { table: 'public.orders', where: 'id <= 20', replace: false })).toBe(10)
    await run('shop', 'ALTER TABLE orders DISABLE TRIGGER ALL')
    await expect(restore.copyRows?.(loaded, { table: 'items', where: "id <= 5) TO PROGRAM 'true", replace: true })).rejects.toMatchObject({
      code: 'postgres_failed',
    })
    await run('shop', 'ALTER TABLE items DISABLE TRIGGER ALL')
    expect(await restore.copyRows?.(loaded, { table: 'items', where: 'id <= 5', replace: true })).toBe(5)
    expect(await run('shop', "SELECT count(*)::int AS n FROM items WHERE text = 'spoilt'")).toEqual([{ n: 5 }])
    await restore.drop(
      loaded.target,
      loaded.items.map(({ loadedAs }) => loadedAs),
    )
    await run('shop', 'ALTER TABLE orders ENABLE TRIGGER ALL', 'ALTER TABLE items ENABLE TRIGGER ALL')
  }, 60_000)

  test('a damaged dump leaves nothing half restored', async () => {
    const { folder } = await dumped()
    const file = join(folder, 'postgres', 'shop', 'database.dump')
    writeFileSync(file, readFileSync(file).subarray(0, 300_000))
    await expect((await loader()).load(folder, { suffix: '_torn' }, {})).rejects.toMatchObject({ code: 'load_failed' })
    expect(await run('postgres', "SELECT datname FROM pg_database WHERE datname LIKE '%torn'")).toEqual([])
  }, 30_000)

  test('a server that dies during the dump makes no snapshot', async () => {
    const material = await open()
    const stream = await material.streams.find(({ path }) => path.endsWith('.dump'))?.open(new AbortController().signal)
    if (stream === undefined) throw new Error('no dump')
    await new Promise((resolve) => stream.once('readable', resolve))
    const reading = sleep(1500).then(async () => await readAll(stream))
    await server.restart()
    await expect(reading).rejects.toMatchObject({ code: expect.stringMatching(/dump_failed|postgres_failed/) })
    await expect(material.finish()).rejects.toMatchObject({ code: 'dump_failed' })
    await material.close()
  }, 60_000)

  test('a wrong password, a missing database and an old pg_dump each say what to do, and not the password', async () => {
    const wrong = open({ url: url.replace(server.password, 'Wrong-5ecret') + '/shop' })
    await expect(wrong).rejects.toMatchObject({ transient: false, message: expect.stringContaining('password authentication failed') })
    await expect(wrong).rejects.not.toMatchObject({ message: expect.stringContaining('Wrong-5ecret') })
    await expect(open({ databases: ['nowhere'] })).rejects.toThrow(/nowhere/)
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'pg_dump'), '#!/bin/sh\necho "pg_dump (PostgreSQL) 9.6.24"\n')
    chmodSync(join(folder, 'pg_dump'), 0o755)
    await expect(open({ bin_dir: folder })).rejects.toMatchObject({
      code: 'pg_dump_too_old',
      message: expect.stringContaining('version 15'),
    })
    expect(existsSync(folder) && readdirSync(folder)).toEqual(['pg_dump'])
  })

  test('a user that is no superuser dumps its own database and the roles without passwords', async () => {
    const clerk = url.replace(`postgres:${server.password}`, 'clerk:Clerk-5ecret')
    await run(
      'shop',
      'GRANT ALL ON ALL TABLES IN SCHEMA public, "Odd name" TO clerk',
      'GRANT USAGE ON SCHEMA "Odd name" TO clerk',
      'GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO clerk',
    )
    const { folder, facts } = await dumped({ url: `${clerk}/shop` })
    const globals = readFileSync(join(folder, 'postgres', 'globals.sql'), 'utf8')
    expect(globals).toContain('CREATE ROLE clerk')
    expect(globals).not.toContain('PASSWORD')
    expect(facts['roles_with_passwords']).toBe('no')
  })
})
