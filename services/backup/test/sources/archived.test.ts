import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import type { ArchiveResult } from '../../src/archive/archive.ts'
import { sourceSchema } from '../../src/config/source-config.ts'
import type { Repository } from '../../src/repository/repository.ts'
import { listSnapshots } from '../../src/snapshot/snapshot.ts'
import { createLoader, createSource } from '../../src/sources/registry.ts'
import { backUp, openRepository, restoreTo } from '../archive/archive-scene.ts'
import { sourceContext, temporaryFolder } from './source-context.ts'

const mebibyte = 1024 ** 2

async function backUpSource(repository: Repository, config: object): Promise<ArchiveResult> {
  const source = await createSource(sourceSchema.parse(config))
  const material = await source.open(sourceContext())
  try {
    return await backUp(repository, material)
  } finally {
    await material.close()
  }
}

test('a database in a folder comes back as it was at one moment, and 300 changed rows of 80 MB cost less than 3 MB', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'chroma_db'))
  const path = join(folder, 'chroma_db', 'chroma.sqlite3')
  writeFileSync(join(folder, 'other.txt'), 'other')
  const live = new DatabaseSync(path)
  live.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; CREATE TABLE rows (id INTEGER PRIMARY KEY, data BLOB)')
  live.exec(
    'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 80000) INSERT INTO rows SELECT n, hex(randomblob(490)) FROM c',
  )
  const repository = await openRepository(temporaryFolder())
  const first = await backUpSource(repository, { kind: 'directory', paths: [folder] })
  expect(first.addedBytes).toBeGreaterThan(35 * mebibyte)
  for (let row = 1; row <= 300; row++) live.prepare('UPDATE rows SET data = hex(randomblob(490)) WHERE id = ?').run(row * 260)
  const second = await backUpSource(repository, { kind: 'directory', paths: [folder] })
  expect(second.addedBytes).toBeLessThan(3e6)
  process.stdout.write(`300 rows changed in an 80 MB SQLite file: ${(second.addedBytes / 1e6).toFixed(2)} MB stored\n`)
  const to = temporaryFolder()
  await restoreTo(repository, second.snapshot, to, { verify: true })
  const restored = new DatabaseSync(join(to, path))
  expect(Object.values(restored.prepare('PRAGMA integrity_check').get() ?? {})).toEqual(['ok'])
  const sum = 'SELECT count(*) AS n, max(data) AS m FROM rows'
  expect(restored.prepare(sum).get()).toEqual(live.prepare(sum).get())
  restored.close()
  live.close()
}, 60_000)

test('a dump that fails at its end leaves the snapshots as they were', async () => {
  const repository = await openRepository(temporaryFolder())
  const config = (script: string): object => ({ kind: 'command', argv: ['sh', '-c', script] })
  await backUpSource(repository, config('head -c 500000 /dev/zero'))
  await expect(backUpSource(repository, config('head -c 500000 /dev/zero; exit 1'))).rejects.toMatchObject({ code: 'dump_failed' })
  await expect(backUpSource(repository, config('true'))).rejects.toMatchObject({ code: 'dump_too_small' })
  expect(await listSnapshots(repository)).toHaveLength(1)
}, 30_000)

test('a SQLite job is restored, loaded beside and swapped', async () => {
  const path = join(temporaryFolder(), 'app.db')
  const live = new DatabaseSync(path)
  live.exec('CREATE TABLE items (id INTEGER PRIMARY KEY); INSERT INTO items VALUES (1), (2)')
  const repository = await openRepository(temporaryFolder())
  const { snapshot } = await backUpSource(repository, { kind: 'sqlite', path })
  live.exec('DELETE FROM items')
  live.close()
  const folder = temporaryFolder()
  await restoreTo(repository, snapshot, folder)
  const loader = await createLoader(sourceSchema.parse({ kind: 'sqlite', path }), sourceContext())
  const loaded = await loader?.load(folder, { suffix: '_restored' }, {})
  if (loader === undefined || loaded === undefined) throw new Error('not loaded')
  await loader.swap(loaded)
  const restored = new DatabaseSync(path, { readOnly: true })
  expect(restored.prepare('SELECT count(*) AS n FROM items').get()).toMatchObject({ n: 2 })
  restored.close()
}, 30_000)
