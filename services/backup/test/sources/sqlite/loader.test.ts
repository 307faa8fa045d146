import { cpSync, mkdirSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { sourceSchema } from '../../../src/config/source-config.ts'
import type { Loader } from '../../../src/sources/loader.ts'
import { createLoader } from '../../../src/sources/registry.ts'
import { sourceContext, temporaryFolder } from '../source-context.ts'

/** A live database with 3 rows, and a restored file of it from when it had 5. */
async function stage(): Promise<{ path: string; folder: string; loader: Loader }> {
  const path = join(temporaryFolder(), 'app.db')
  const folder = temporaryFolder()
  const made = new DatabaseSync(path)
  made.exec(
    'PRAGMA journal_mode=WAL; CREATE TABLE items (id INTEGER PRIMARY KEY, text); INSERT INTO items (text) VALUES (1), (2), (3), (4), (5)',
  )
  made.close()
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  cpSync(path, join(folder, path))
  const live = new DatabaseSync(path)
  live.exec("DELETE FROM items WHERE id > 3; UPDATE items SET text = 'new'")
  live.close()
  const loader = await createLoader(sourceSchema.parse({ kind: 'sqlite', path }), sourceContext())
  if (loader === undefined) throw new Error('no loader')
  return { path, folder, loader }
}

function rows(path: string): unknown[] {
  const database = new DatabaseSync(path, { readOnly: true })
  const found = database.prepare('SELECT id, text FROM items').all()
  database.close()
  return found.map((row) => Object.values(row))
}

test('a drill reads the restored file in a folder of its own', async () => {
  const { folder, loader } = await stage()
  const scratch = await loader.scratch()
  await loader.load(folder, scratch.target, {})
  expect(await scratch.count()).toEqual({ 'rows.items': 5 })
  expect(await scratch.query('SELECT text FROM items WHERE id = 5')).toEqual([5])
  await scratch.stop()
})

test('the restored file takes the place of the live one together with its logs, and gives it back', async () => {
  const { path, folder, loader } = await stage()
  const open = new DatabaseSync(path)
  open.exec("INSERT INTO items (text) VALUES ('only in the log')")
  const loaded = await loader.load(folder, { suffix: '_1' }, {})
  const swap = await loader.swap(loaded)
  expect(rows(path)).toHaveLength(5)
  expect(swap.kept).toEqual([`${path}_before_1`])
  await swap.undo()
  expect(rows(path).at(-1)).toEqual([4, 'only in the log'])
  open.close()
  await expect(loader.drop(loaded.target, [path])).rejects.toMatchObject({ code: 'not_beside' })
  await loader.drop(loaded.target, [`${path}_1`])
  expect(readdirSync(dirname(path)).filter((name) => !/^app\.db(?:-wal|-shm)?$/.test(name))).toEqual([])
})

test('single rows come back, and those that are there are left or replaced as asked', async () => {
  const { path, folder, loader } = await stage()
  const loaded = await loader.load(folder, { suffix: '_1' }, {})
  expect(await loader.copyRows?.(loaded, { table: 'items', where: 'id <= 4', replace: false })).toBe(1)
  expect(await loader.copyRows?.(loaded, { table: 'items', where: 'id = 2) ; DELETE FROM items WHERE (1', replace: true })).toBe(1)
  expect(rows(path)).toEqual([
    [1, 'new'],
    [2, 2],
    [3, 'new'],
    [4, 4],
  ])
})
