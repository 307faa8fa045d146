import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { postgresObstacle, startPostgres } from '@nightshift/test-servers/postgres'
import { findProgram } from '../../src/sources/process/find-program.ts'
import { recoverRestores, type RestoreOutcome } from '../../src/restore/perform-restore.ts'
import type { RestoreParts } from '../../src/restore/restore-parts.ts'
import { fingerprint, RestoreScene } from './restore-scene.ts'

const script = join(import.meta.dirname, 'restore-process.ts')
let scene: RestoreScene
beforeEach(async () => void (scene = await RestoreScene.make()))
afterEach(() => scene.remove())

/** False when it was over before the nth change, and then it must have been done. */
function restoreAndDie(nth: string, jobs: object, request: object): boolean {
  const args = [script, scene.folder, nth, JSON.stringify(jobs), JSON.stringify(request)]
  const { signal, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000, killSignal: 'SIGTERM' })
  if (signal === 'SIGKILL') return true
  const { outcome, failure } = JSON.parse(stdout || `{"outcome":"none","failure":${JSON.stringify(stderr)}}`) as RestoreOutcome
  if (outcome !== 'done') throw new Error(`the restore was not killed, and failed: ${failure ?? ''}`)
  return false
}

/** As the next start does. */
async function recover(parts: RestoreParts): Promise<void> {
  for (const { outcome, problems } of await recoverRestores(parts)) {
    expect(['done', 'undone']).toContain(outcome)
    expect(problems).toEqual([])
  }
}

/** What people have: without what a restore keeps beside it. */
const live = (): string => {
  for (const name of readdirSync(scene.path('live'))) if (name.includes('.bak.')) rmSync(scene.path('live', name), { recursive: true })
  return fingerprint(scene.path('live'))
}

test('killed right before any of its renames, a restore of two folders in place is finished or taken back at the next start', async () => {
  const jobs = Object.fromEntries(
    ['a', 'b'].map((name) => [
      name,
      { source: { kind: 'directory', paths: [scene.path('live', name)] }, restore: { after: [{ run: ['true'] }], hold_healer: false } },
    ]),
  )
  const sets = { both: { jobs: ['a', 'b'] } }
  const parts = scene.parts(jobs, { sets })
  for (const name of ['a', 'b']) {
    mkdirSync(scene.path('live', name))
    writeFileSync(scene.path('live', name, 'file'), `${name} then`)
    await scene.backUp(name, parts)
  }
  const then = live()
  for (const name of ['a', 'b']) writeFileSync(scene.path('live', name, 'file'), `${name} now`)
  const now = live()
  cpSync(scene.path('live'), scene.path('copy'), { recursive: true, preserveTimestamps: true })
  const names = new Map([
    [then, 'finished'],
    [now, 'taken back'],
  ])
  const request = { name: 'both', in_place: true, safety: false, sets }
  const seen: (string | undefined)[] = []
  for (let nth = 1; nth < 60; nth++) {
    rmSync(scene.path('live'), { recursive: true })
    cpSync(scene.path('copy'), scene.path('live'), { recursive: true, preserveTimestamps: true })
    const isKilled = restoreAndDie(String(nth), jobs, request)
    await recover(parts)
    seen.push(names.get(live()) ?? 'neither')
    expect(scene.leftovers()).toEqual([])
    if (!isKilled) break
  }
  process.stdout.write(`killed ${seen.length - 1} times: ${seen.join(', ')}\n`)
  expect(seen.length).toBeGreaterThan(10)
  expect(new Set(seen)).toEqual(new Set(names.values()))
  expect(seen.at(-1)).toBe('finished')
}, 180_000)

test('killed anywhere in the restore of a SQLite file, it is the one of then or the one of now', async () => {
  const path = scene.path('live', 'shop.db')
  const jobs = { shop: { source: { kind: 'sqlite', path } } }
  const parts = scene.parts(jobs)
  const set = (word: string): void => {
    const database = new DatabaseSync(path)
    database.exec(`CREATE TABLE IF NOT EXISTS words (word TEXT); DELETE FROM words; INSERT INTO words VALUES ('${word}')`)
    database.close()
  }
  const word = (): unknown => {
    const database = new DatabaseSync(path, { readOnly: true })
    try {
      return database.prepare('SELECT word FROM words').get()?.['word']
    } finally {
      database.close()
    }
  }
  set('then')
  await scene.backUp('shop', parts)
  const ends = new Set<unknown>()
  // Those before are the notes of what is only beside.
  for (let nth = 7; nth < 40; nth++) {
    for (const name of readdirSync(scene.path('live'))) rmSync(scene.path('live', name))
    set('now')
    if (!restoreAndDie(String(nth), jobs, { name: 'shop', in_place: true, safety: false })) break
    await recover(parts)
    ends.add(word())
  }
  expect(ends).toEqual(new Set(['now', 'then']))
}, 180_000)

const obstacle = postgresObstacle() ?? (findProgram(['pg_dump']) === undefined ? 'no pg_dump' : undefined)
if (obstacle !== undefined) process.stdout.write(`skipped: a restore of a real PostgreSQL that is killed: ${obstacle}\n`)

test.skipIf(obstacle !== undefined)(
  'killed before any statement that changes a database of PostgreSQL, the database is the one of then or the one of now',
  async () => {
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
    const jobs = { shop: { source: { kind: 'postgres', url: `${url}/shop` } } }
    const parts = scene.parts(jobs)
    await run('postgres', 'CREATE DATABASE shop')
    await run('shop', 'CREATE TABLE words (word text)', "INSERT INTO words VALUES ('then')")
    await scene.backUp('shop', parts)
    const ends: unknown[] = []
    for (let nth = 1; nth < 20; nth++) {
      for (const name of await run('postgres', "SELECT datname FROM pg_database WHERE datname LIKE 'shop\\_%'"))
        await run('postgres', `DROP DATABASE "${String(name)}"`)
      await run('shop', "UPDATE words SET word = 'now'")
      const isKilled = restoreAndDie(`sql:${nth}`, jobs, { name: 'shop', in_place: true, safety: false })
      await recover(parts)
      const [word] = await run('shop', 'SELECT word FROM words')
      const left = await run('postgres', "SELECT count(*)::int FROM pg_database WHERE datname LIKE 'shop%'")
      ends.push(`${String(word)}, ${String(left[0])}`)
      if (!isKilled) break
    }
    // Taken back there is only the one database; finished, the one of before is kept beside it.
    process.stdout.write(`killed at ${ends.length - 1} statements: ${ends.join('; ')}\n`)
    expect(ends.length).toBeGreaterThan(6)
    expect(new Set(ends)).toEqual(new Set(['now, 1', 'then, 2']))
  },
  180_000,
)
