import { closeSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createConnection } from 'mysql2/promise'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { mariadbObstacle, startMariadb } from '@nightshift/test-servers/mariadb'
import { postgresObstacle, startPostgres } from '@nightshift/test-servers/postgres'
import { integritySchema, type IntegrityConfig } from '../../src/config/integrity-config.ts'
import { applyRepairs, checkIntegrity, planRepairs, type IntegrityReport } from '../../src/integrity/check.ts'
import { temporaryFolder } from '../sources/source-context.ts'

const { signal } = new AbortController()

function configOf(config: object): IntegrityConfig {
  const parsed = integritySchema.parse({ shop: config })['shop']
  if (parsed === undefined) throw new Error('no config')
  return parsed
}

function checksOf(report: IntegrityReport): string[] {
  return report.findings.map(({ check, severity }) => `${severity} ${check}`)
}

const rules = {
  'no-negative-prices': { query: 'SELECT id, price FROM items WHERE price < 0', repair: 'UPDATE items SET price = 0 WHERE price < 0' },
  'three-items': { query: 'SELECT count(*) FROM items', expect: { value: 3 } },
  'sane-total': { query: 'SELECT sum(price) FROM items', expect: { max: 1000 }, severity: 'warning' },
}

describe('SQLite', () => {
  function made(...statements: string[]): string {
    const path = join(temporaryFolder(), 'shop.db')
    const database = new DatabaseSync(path, { enableForeignKeyConstraints: false })
    database.exec('CREATE TABLE items (id INTEGER PRIMARY KEY, price int, name text); INSERT INTO items (price) VALUES (1), (2), (-3)')
    for (const statement of statements) database.exec(statement)
    database.close()
    return path
  }

  test('a broken rule is found, its repair is tried without a trace, and puts it right when asked', async () => {
    const config = configOf({ kind: 'sqlite', path: made(), rules })
    const report = await checkIntegrity(config, signal)
    expect(report).toMatchObject({ isSound: false, checked: 4 })
    expect(checksOf(report)).toEqual(['error rule.no-negative-prices'])
    expect(report.findings[0]?.detail).toBe('1 rows, expected 0, such as 3, -3')
    const planned = await planRepairs(config, report, signal)
    expect(planned).toMatchObject([{ kind: 'rule', rows: 1 }])
    expect(checksOf(await checkIntegrity(config, signal))).toHaveLength(1)
    const { done, after } = await applyRepairs(config, planned, signal)
    expect(done).toMatchObject([{ rows: 1, error: undefined }])
    expect(after.isSound).toBe(true)
  })

  test('rows without parents and a query that would write are errors', async () => {
    const path = made('CREATE TABLE orders (item REFERENCES items (id)); INSERT INTO orders VALUES (1), (77), (78)')
    const report = await checkIntegrity(configOf({ kind: 'sqlite', path, rules: { wrong: { query: 'DELETE FROM items' } } }), signal)
    expect(report.findings).toMatchObject([
      { check: 'foreign_key_check', detail: '2 rows of orders point to rows of items that are not there' },
      { check: 'rule.wrong', detail: expect.stringContaining('readonly') },
    ])
  })

  test('an index that lost a row is built anew, a damaged page is not', async () => {
    const path = made(
      'CREATE INDEX by_name ON items (name)',
      "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000) INSERT INTO items (price, name) SELECT 1, 'name ' || n FROM c",
      'VACUUM',
    )
    const config = configOf({ kind: 'sqlite', path })
    const indexed = readFileSync(path)
    // One letter in a leaf of the index (https://www.sqlite.org/fileformat.html#b_tree_pages): the row is no longer found by its name.
    const leaf = Array.from({ length: indexed.length / 4096 }, (_, page) => page * 4096).find((at) => indexed[at] === 0x0a) ?? 0
    indexed[indexed.indexOf('name 1', leaf)] = 0x6d
    writeFileSync(path, indexed)
    const report = await checkIntegrity(config, signal)
    const planned = await planRepairs(config, report, signal)
    expect(planned.map(({ statement }) => statement)).toContain('REINDEX')
    const { after } = await applyRepairs(config, planned, signal)
    expect(after.isSound).toBe(true)
    const bytes = readFileSync(path)
    bytes.fill(0x5a, 3 * 4096, 6 * 4096)
    writeFileSync(path, bytes)
    const damaged = await checkIntegrity(config, signal)
    expect(damaged.isSound).toBe(false)
    expect(damaged.findings.find(({ check }) => check === 'integrity_check')).toMatchObject({
      severity: 'error',
      detail: expect.stringContaining('restore'),
    })
    expect(damaged.findings.find(({ check }) => check === 'integrity_check')?.repair).toBeUndefined()
  })
})

const noPostgres = postgresObstacle()
if (noPostgres !== undefined) process.stdout.write(`skipped: the integrity of a real PostgreSQL: ${noPostgres}\n`)

test.skipIf(noPostgres !== undefined)(
  'PostgreSQL: rules, an invalid index and a damaged one are found and repaired, a damaged table is reported',
  async () => {
    const server = await startPostgres({ settings: ['full_page_writes=off'] })
    onTestFinished(async () => await server.stop())
    const url = `postgres://postgres:${server.password}@127.0.0.1:${server.port}/postgres`
    const run = async (...statements: string[]): Promise<Record<string, unknown> | undefined> => {
      const client = new pg.Client({ connectionString: url })
      client.on('error', () => undefined)
      await client.connect()
      let last: Record<string, unknown> | undefined
      for (const statement of statements) last = (await client.query(statement)).rows?.[0] as Record<string, unknown> | undefined
      await client.end()
      return last
    }
    await run(
      'CREATE TABLE items (id int PRIMARY KEY, price int); INSERT INTO items VALUES (1, 1), (2, 2), (3, -3)',
      'CREATE TABLE big (id int, text text); INSERT INTO big SELECT n, md5(n::text) FROM generate_series(1, 20000) n; CREATE INDEX big_text ON big (text)',
      'CREATE INDEX big_id ON big (id)',
      "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'big_id'::regclass",
      'CHECKPOINT',
    )
    const config = configOf({ kind: 'postgres', url, rules })
    const plain = await checkIntegrity(config, signal)
    expect(checksOf(plain)).toEqual(['warning invalid_index', 'warning statistics', 'error rule.no-negative-prices'])
    const { done, after } = await applyRepairs(config, await planRepairs(config, plain, signal), signal)
    expect(done.map(({ error }) => error)).toEqual([undefined, undefined, undefined])
    expect(after).toMatchObject({ isSound: true, findings: [] })

    const row = await run(
      'CREATE EXTENSION amcheck',
      "SELECT pg_relation_filepath('big_text') AS index, pg_relation_filepath('big') AS heap",
    )
    const damage = (path: unknown, offset: number, bytes: Buffer): void => {
      const file = openSync(join(server.folder, 'data', String(path)), 'r+')
      writeSync(file, bytes, 0, bytes.length, offset)
      closeSync(file)
    }
    await run('CHECKPOINT')
    await server.kill('SIGINT')
    damage(row?.['index'], 3 * 8192 + 8192 - 1000, Buffer.alloc(200, 0x5a))
    // Pointers to rows beyond the end of the page.
    damage(row?.['heap'], 2 * 8192 + 24, Buffer.alloc(200, Buffer.from([0xff, 0xff, 0, 0])))
    await server.restart()
    const damaged = await checkIntegrity(config, signal)
    expect(damaged.isSound).toBe(false)
    expect(damaged.findings.map(({ check }) => check)).toEqual(expect.arrayContaining(['index', 'table']))
    expect(damaged.findings.find(({ check }) => check === 'index')?.repair?.statement).toBe('REINDEX INDEX CONCURRENTLY public.big_text')
  },
  60_000,
)

const noMariadb = mariadbObstacle()
if (noMariadb !== undefined) process.stdout.write(`skipped: the integrity of a real MariaDB: ${noMariadb}\n`)

test.skipIf(noMariadb !== undefined)(
  'MariaDB: rules and rows without parents are found, a damaged table is repaired where its engine can',
  async () => {
    const server = await startMariadb()
    onTestFinished(async () => await server.stop())
    const url = `mysql://tester:${server.password}@127.0.0.1:${server.port}/shop`
    const client = await createConnection(url)
    onTestFinished(async () => await client.end())
    for (const statement of [
      'CREATE TABLE items (id int PRIMARY KEY, price int)',
      'INSERT INTO items VALUES (1, 1), (2, 2), (3, -3)',
      'CREATE TABLE orders (item int, FOREIGN KEY (item) REFERENCES items (id))',
      'SET foreign_key_checks = 0',
      'INSERT INTO orders VALUES (1), (9), (NULL)',
      'CREATE TABLE old (id int PRIMARY KEY, text varchar(100)) ENGINE=MyISAM',
      "INSERT INTO old SELECT seq, 'text' FROM seq_1_to_5000",
      'FLUSH TABLES',
    ])
      await client.query(statement)
    const folder = join(server.folder, 'data', 'shop')
    const index = readdirSync(folder).find((name) => name === 'old.MYI') ?? ''
    const file = openSync(join(folder, index), 'r+')
    writeSync(file, Buffer.alloc(400, 0x5a), 0, 400, 3000)
    closeSync(file)
    const config = configOf({ kind: 'mysql', url, rules })
    const report = await checkIntegrity(config, signal)
    expect(new Set(checksOf(report))).toEqual(new Set(['error check_table', 'error foreign_keys', 'error rule.no-negative-prices']))
    expect(report.findings.find(({ check }) => check === 'foreign_keys')?.detail).toContain('1 rows of `orders`')
    const planned = await planRepairs(config, report, signal)
    expect(planned.find(({ kind }) => kind === 'rule')?.rows).toBe(1)
    const { after } = await applyRepairs(config, planned, signal)
    expect(checksOf(after)).toEqual(['error foreign_keys'])
  },
  60_000,
)
