import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mariadbObstacle, startMariadb } from '@nightshift/test-servers/mariadb'
import type { DatabaseServer } from '@nightshift/test-servers/postgres'
import { sourceSchema } from '../../../src/config/source-config.ts'
import { compareFacts } from '../../../src/sources/facts.ts'
import type { Loader } from '../../../src/sources/loader.ts'
import { createLoader, createSource } from '../../../src/sources/registry.ts'
import type { Facts, Material } from '../../../src/sources/source.ts'
import { dumpTo, readAll, sourceContext, temporaryFolder } from '../source-context.ts'

const obstacle = mariadbObstacle()
if (obstacle !== undefined) process.stdout.write(`skipped: dumps of a real MariaDB: ${obstacle}\n`)

describe.skipIf(obstacle !== undefined)('MariaDB', () => {
  let server: DatabaseServer
  let url = ''

  beforeAll(async () => {
    server = await startMariadb()
    url = `mysql://tester:${server.password}@127.0.0.1:${server.port}`
    await run(
      'CREATE TABLE items (id bigint PRIMARY KEY AUTO_INCREMENT, text longtext, raw varbinary(40), twice int AS (length(raw) * 2) STORED)',
      'CREATE TABLE orders (id bigint PRIMARY KEY, item bigint, FOREIGN KEY (item) REFERENCES items (id))',
      'CREATE TABLE empty_one (id int)',
      'CREATE TABLE tmp_work (id int)',
      'CREATE TABLE log (at timestamp DEFAULT now(), text text)',
      "CREATE TRIGGER items_log AFTER INSERT ON items FOR EACH ROW INSERT INTO log (text) VALUES (CONCAT('added; ', NEW.id))",
      'CREATE VIEW many AS SELECT count(*) AS n FROM items',
      'INSERT INTO items (text, raw) SELECT REPEAT(MD5(seq), 20), UNHEX(MD5(seq)) FROM seq_1_to_10000',
      "INSERT INTO items (text) VALUES ('it''s (odd), \\\\ and ; \\n-- Table structure for table `x`')",
      'INSERT INTO orders SELECT seq, seq FROM seq_1_to_3000',
      "CREATE USER clerk@localhost IDENTIFIED BY 'Clerk-5ecret'",
      'GRANT SELECT ON shop.* TO clerk@localhost',
    )
  }, 60_000)
  afterAll(async () => await server?.stop())

  async function run(...statements: string[]): Promise<unknown[]> {
    const client = await createConnection(`${url}/shop`)
    try {
      let rows: unknown[] = []
      for (const statement of statements) {
        const [result] = await client.query<RowDataPacket[]>(statement)
        rows = Array.isArray(result) ? result.map((row) => Object.values(row)[0]) : []
      }
      return rows
    } finally {
      await client.end()
    }
  }

  async function open(more: object = {}): Promise<Material> {
    const source = await createSource(sourceSchema.parse({ kind: 'mysql', url: `${url}/shop`, ...more }))
    return await source.open(sourceContext())
  }

  async function loader(): Promise<Loader> {
    const made = await createLoader(sourceSchema.parse({ kind: 'mysql', url: `${url}/shop` }), sourceContext())
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

  test('a drill finds exactly the rows that are in the dump, though others were written meanwhile', async () => {
    let isWriting = true
    let written = 0
    const writing = (async () => {
      const client = await createConnection(`${url}/shop`)
      while (isWriting) {
        await client.query('INSERT INTO items (text) VALUES (?)', ['x'.repeat(100)])
        written++
      }
      await client.end()
    })()
    const { folder, facts } = await dumped({ exclude_tables: ['shop.tmp_*'] })
    isWriting = false
    await writing
    expect(written).toBeGreaterThan(10)
    expect(facts['rows.shop.items']).toBeGreaterThanOrEqual(10_001)
    expect(facts).toMatchObject({ 'rows.shop.empty_one': 0, 'rows.shop.orders': 3000, users: 'yes' })
    expect(facts).not.toHaveProperty(['rows.shop.tmp_work'])
    expect(readFileSync(join(folder, 'mysql', 'users.sql'), 'utf8')).toContain('clerk')
    const restore = await loader()
    const scratch = await restore.scratch()
    try {
      await restore.load(folder, scratch.target, {})
      const comparison = compareFacts(facts, await scratch.count())
      expect(comparison.compared).toBe(4)
      expect(comparison.mismatches).toEqual([])
      expect(await scratch.query('SELECT n > 10000 FROM many')).toEqual([1])
      expect(await scratch.query('SHOW GRANTS FOR clerk@localhost')).toHaveLength(2)
    } finally {
      await scratch.stop()
    }
  }, 90_000)

  test('a restored database takes the place of the live one with its triggers, and gives it back', async () => {
    const { folder } = await dumped()
    await run('DELETE FROM orders')
    const restore = await loader()
    const loaded = await restore.load(folder, { suffix: '_restored_1' }, {})
    const swap = await restore.swap(loaded)
    expect(swap.kept).toEqual(['shop_before_restored_1'])
    expect(await run('SELECT count(*) FROM orders')).toEqual([3000])
    expect(
      await run(
        "INSERT INTO items (text) VALUES ('new')",
        'SELECT count(*) FROM log WHERE text LIKE CONCAT("added; ", (SELECT max(id) FROM items))',
      ),
    ).toEqual([1])
    await swap.undo()
    expect(await run('SELECT count(*) FROM orders')).toEqual([0])
    expect(await run('SHOW TRIGGERS')).toEqual(['items_log'])
    await expect(restore.drop({ suffix: '_restored_1' }, ['shop'])).rejects.toMatchObject({ code: 'not_beside' })
    await restore.drop(loaded.target, ['shop_restored_1'])
    expect(await run("SHOW DATABASES LIKE 'shop%'")).toEqual(['shop'])
    await run('INSERT INTO orders SELECT seq, seq FROM seq_1_to_3000')
  }, 60_000)

  test('single rows come back, and those that are there are left or replaced as asked', async () => {
    const { folder } = await dumped()
    await run('DELETE FROM orders WHERE id <= 10', "UPDATE items SET text = 'spoilt' WHERE id BETWEEN 5000 AND 5009")
    const restore = await loader()
    const loaded = await restore.load(folder, { suffix: '_rows' }, { tables: ['items', 'orders'] })
    expect(await run("SELECT table_name FROM information_schema.tables WHERE table_schema = 'shop_rows' ORDER BY 1")).toEqual([
      'items',
      'orders',
    ])
    await expect(restore.swap(loaded)).rejects.toMatchObject({ code: 'partial_restore' })
    expect(await restore.copyRows?.(loaded, { table: 'orders', where: 'id <= 20', replace: false })).toBe(10)
    await expect(
      restore.copyRows?.(loaded, { table: 'items', where: "1=1) INTO OUTFILE '/tmp/x' -- ", replace: true }),
    ).rejects.toMatchObject({ code: 'mysql_failed' })
    expect(await restore.copyRows?.(loaded, { table: 'items', where: 'id BETWEEN 5000 AND 5004', replace: true })).toBe(10)
    expect(await run("SELECT count(*) FROM items WHERE text = 'spoilt'")).toEqual([5])
    await restore.drop(
      loaded.target,
      loaded.items.map(({ loadedAs }) => loadedAs),
    )
  }, 60_000)

  test('a dump without its last line leaves nothing half restored when a statement is torn', async () => {
    const { folder } = await dumped()
    const file = join(folder, 'mysql', 'shop', 'database.sql')
    writeFileSync(file, readFileSync(file).subarray(0, 400_000))
    await expect((await loader()).load(folder, { suffix: '_torn' }, {})).rejects.toMatchObject({ code: 'load_failed' })
    expect(await run("SHOW DATABASES LIKE '%torn'")).toEqual([])
  }, 30_000)

  test('a server that dies during the dump makes no snapshot', async () => {
    const material = await open()
    const stream = await material.streams.find(({ path }) => path.endsWith('database.sql'))?.open(new AbortController().signal)
    if (stream === undefined) throw new Error('no dump')
    await new Promise((resolve) => stream.once('readable', resolve))
    const reading = sleep(1500).then(async () => await readAll(stream))
    await server.restart()
    await expect(reading).rejects.toMatchObject({ code: 'dump_failed' })
    await expect(material.finish()).rejects.toMatchObject({ code: 'dump_failed' })
    await material.close()
  }, 60_000)

  test('a wrong password and a missing database each say what to do, and not the password', async () => {
    const wrong = open({ url: `${url.replace(server.password, 'Wrong-5ecret')}/shop` })
    await expect(wrong).rejects.toMatchObject({ code: 'mysql_failed', transient: false, message: expect.stringContaining('Access denied') })
    await expect(wrong).rejects.not.toMatchObject({ message: expect.stringContaining('Wrong-5ecret') })
    await expect(open({ databases: ['nowhere'] })).rejects.toThrow(/nowhere/)
  })
})
