import { join } from 'node:path'
import { readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { postgresObstacle, startPostgres } from '@nightshift/test-servers/postgres'
import { backupConfigSchema } from '../../src/config.ts'
import type { IntegrityRow } from '../../src/jobs/integrity-checks.ts'
import { BackupRig } from '../backup-rig.ts'

let rig: BackupRig
beforeEach(async () => {
  rig = await BackupRig.start()
})
afterEach(async () => await rig.stop())

const rules = {
  'no-negative-prices': { query: 'SELECT id FROM items WHERE price < 0', repair: 'UPDATE items SET price = 0 WHERE price < 0' },
}
const rows = async (request: object = {}): Promise<IntegrityRow[]> =>
  (await rig.ask<{ databases: IntegrityRow[] }>('integrity', request)).databases
const told = (): object[] => rig.events('integrity')

function sqlite(name: string, ...statements: string[]): string {
  const path = join(rig.folder, name)
  const database = new DatabaseSync(path)
  for (const statement of ['CREATE TABLE items (id INTEGER PRIMARY KEY, price int)', 'INSERT INTO items (price) VALUES (1)', ...statements])
    database.exec(statement)
  database.close()
  return path
}

test('databases are looked through on request, and what was found is told, kept and counted', async () => {
  const shop = sqlite('shop.db', 'INSERT INTO items (price) VALUES (-3)')
  const integrity = {
    shop: { kind: 'sqlite', path: shop, rules },
    whole: { kind: 'sqlite', path: sqlite('whole.db') },
    gone: { kind: 'sqlite', path: join(rig.folder, 'gone.db') },
  }
  const before = readFileSync(shop)
  const first = await rig.backUp(rig.config({}, { integrity }))
  expect((await rows()).map(({ database, state }) => [database, state])).toEqual([
    ['shop', 'unknown'],
    ['whole', 'unknown'],
    ['gone', 'unknown'],
  ])
  expect((await rows({ database: 'shop', check: true, actor: 'ana' }))[0]?.state).toBe('checking')
  await rows({ check: true })
  await vi.waitFor(() => expect(told()).toHaveLength(3), 10_000)
  const broken = 'rule.no-negative-prices: 1 rows, expected 0, such as 2'
  expect(told()).toMatchObject([
    { phase: 'failed', name: 'shop', checked_items: 2, error: `shop: ${broken}`, next_due: null },
    { phase: 'verified', name: 'whole', checked_items: 1, error: null },
    { phase: 'failed', name: 'gone', checked_items: 0, error: expect.stringContaining('there is no database') },
  ])
  expect(await rows({ database: 'shop' })).toMatchObject([
    {
      state: 'damaged',
      checked_items: 2,
      findings: [{ check: 'rule.no-negative-prices', severity: 'error', can_repair: true }],
      error: null,
    },
  ])
  expect(first.service.self()).toMatchObject({ databases_damaged: 1 })
  const audits = rig.said.flatMap((each) => (each.kind === 'audit' ? [each.event] : []))
  expect(audits[0]).toMatchObject({ actor: 'ana', action: 'backup.integrity', target: 'shop', outcome: 'done' })
  expect(readFileSync(shop)).toEqual(before)
  await expect(rig.ask('integrity', { database: 'nope' })).rejects.toThrow('there is no nope')

  await first.stop()
  await rig.backUp(rig.config({}, { integrity }))
  expect((await rows()).map(({ state }) => state)).toEqual(['damaged', 'sound', 'unknown'])
})

test('a check that was missed while the service was down is made good at its start, and one that is not due waits', async () => {
  const mark = (atMs: number): object => ({ atMs, checked: null, isSound: null, findings: [], error: null })
  const integrity = { late: { kind: 'sqlite', path: sqlite('late.db') }, soon: { kind: 'sqlite', path: sqlite('soon.db') } }
  const state = { jobs: {}, prunedMs: {}, integrity: { late: mark(0), soon: mark(Date.now()) } }
  writeFileSync(join(rig.stateDir, 'backup.json'), JSON.stringify({ schema_version: 1, state }))
  await rig.backUp(rig.config({}, { integrity }))
  await vi.waitFor(() => expect(told()).toMatchObject([{ name: 'late', phase: 'verified' }]), 10_000)
  expect((await rows()).map(({ state: each }) => each)).toEqual(['sound', 'unknown'])
})

test('what a person repaired past the service is written down, and nothing else is', async () => {
  await rig.backUp(rig.config())
  await rig.ask('note', { action: 'backup.integrity_repair', target: 'shop: REINDEX', outcome: 'done', actor: 'ana' })
  await vi.waitFor(() => expect(rig.said.filter(({ kind }) => kind === 'audit')).toHaveLength(1), 5000)
  expect(rig.said[0]?.event).toMatchObject({ actor: 'ana', action: 'backup.integrity_repair', target: 'shop: REINDEX', reason: null })
  await expect(rig.ask('note', { action: 'heal.act', target: 'x', outcome: 'done', actor: 'ana' })).rejects.toThrow('action')
})

test('the default is Friday at four, and no job can go by the name of the checks', () => {
  expect(backupConfigSchema.parse({}).integrity_schedule).toEqual(['0 4 * * 5'])
  const job = { source: { kind: 'directory', paths: ['/srv'] } }
  expect(backupConfigSchema.safeParse({ jobs: { integrity: job } }).error?.issues[0]?.message).toContain('no job can be called integrity')
})

const noPostgres = postgresObstacle()
if (noPostgres !== undefined) process.stdout.write(`skipped: checks of a real PostgreSQL by the service: ${noPostgres}\n`)

test.skipIf(noPostgres !== undefined)(
  'PostgreSQL: a broken rule is told, and a server that went away is no sound database',
  async () => {
    const server = await startPostgres()
    onTestFinished(async () => await server.stop())
    const url = `postgres://postgres:${server.password}@127.0.0.1:${server.port}/postgres`
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query('CREATE TABLE items (id int PRIMARY KEY, price int); INSERT INTO items VALUES (1, 1), (2, -3)')
    await client.end()
    await rig.backUp(rig.config({}, { integrity: { shop: { kind: 'postgres', url, rules } } }))
    await rows({ check: true })
    await vi.waitFor(() => expect(told()).toHaveLength(1), 15_000)
    expect(told()).toMatchObject([{ phase: 'failed', error: 'shop: rule.no-negative-prices: 1 rows, expected 0, such as 2' }])
    await server.stop()
    await rows({ check: true })
    await vi.waitFor(() => expect(told()).toHaveLength(2), 30_000)
    expect((await rows())[0]).toMatchObject({
      state: 'unknown',
      checked_items: null,
      error: expect.stringMatching(/127\.0\.0\.1|PostgreSQL|postgres/),
    })
    expect(JSON.stringify(told())).not.toContain(server.password)
  },
  60_000,
)
