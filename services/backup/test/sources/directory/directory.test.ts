import { cpSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { Excludes } from '../../../src/archive/walk/exclude.ts'
import { sourceSchema } from '../../../src/config/source-config.ts'
import { createSource } from '../../../src/sources/registry.ts'
import type { Material } from '../../../src/sources/source.ts'
import { sourceContext, temporaryFolder } from '../source-context.ts'

function database(path: string, mode: 'WAL' | 'DELETE', rows: number): DatabaseSync {
  const made = new DatabaseSync(path)
  made.exec(`PRAGMA journal_mode=${mode}; CREATE TABLE items (id INTEGER PRIMARY KEY, text TEXT)`)
  for (let id = 0; id < rows; id++) made.prepare('INSERT INTO items (text) VALUES (?)').run(`row ${id}`)
  return made
}

function rowsOf(path: string): number {
  const opened = new DatabaseSync(path, { readOnly: true })
  const row = opened.prepare('SELECT count(*) AS n FROM items').get()
  opened.close()
  return Number(row?.['n'])
}

async function openFolder(folder: string, more: object = {}): Promise<{ material: Material; workDir: string }> {
  const context = sourceContext()
  const source = await createSource(sourceSchema.parse({ kind: 'directory', paths: [folder], ...more }))
  return { material: await source.open(context), workDir: context.workDir }
}

test('a database inside a folder is replaced by a copy that holds what is still in its log only', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'store [1]'))
  const path = join(folder, 'store [1]', 'chroma.sqlite3')
  const live = database(path, 'WAL', 50)
  expect(statSync(`${path}-wal`).size).toBeGreaterThan(0)
  const { material, workDir } = await openFolder(folder)
  const [part] = material.folders
  const copy = part?.replace.get(path) ?? ''
  expect(rowsOf(copy)).toBe(50)
  expect(part?.chunkPolicyOf?.(path, 1e6)).toEqual({ kind: 'fixed', sizeBytes: 16_384 })
  expect(part?.chunkPolicyOf?.(join(folder, 'other'), 1e6)).toEqual({ kind: 'rabin' })
  const excludes = new Excludes(part?.exclude ?? [], folder)
  expect(excludes.has(['store [1]', 'chroma.sqlite3-wal'], false)).toBe(true)
  expect(excludes.has(['store [1]', 'chroma.sqlite3-shm'], false)).toBe(true)
  expect(excludes.has(['store 1', 'chroma.sqlite3-wal'], false)).toBe(false)
  expect(excludes.has(['store [1]', 'chroma.sqlite3'], false)).toBe(false)
  await material.close()
  expect(readdirSync(workDir)).toEqual([])
  live.close()
})

test('a database that nobody has open is copied without leaving a log beside it', async () => {
  const folder = temporaryFolder()
  database(join(folder, 'idle.db'), 'WAL', 5).close()
  const { material } = await openFolder(folder)
  expect(rowsOf(material.folders[0]?.replace.get(join(folder, 'idle.db')) ?? '')).toBe(5)
  expect(readdirSync(folder)).toEqual(['idle.db'])
  await material.close()
})

test('what is left out or no database is not copied', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'cache'))
  database(join(folder, 'cache', 'a.db'), 'DELETE', 1).close()
  database(join(folder, 'b.skip'), 'DELETE', 1).close()
  writeFileSync(join(folder, 'plain'), Buffer.alloc(4096, 1))
  const { material } = await openFolder(folder, { exclude: ['/cache/', '*.skip'] })
  expect(material.folders[0]?.replace.size).toBe(0)
  await material.close()
})

test('a damaged database is taken as a plain file, and the manifest says so', async () => {
  const folder = temporaryFolder()
  const path = join(folder, 'broken.db')
  writeFileSync(path, Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(4080, 0xff)]))
  writeFileSync(`${path}-wal`, 'kept')
  const { material } = await openFolder(folder)
  expect(material.folders[0]?.replace.size).toBe(0)
  expect(new Excludes(material.folders[0]?.exclude ?? [], folder).has(['broken.db-wal'], false)).toBe(false)
  expect(await material.finish()).toEqual({ [`inconsistent.${path}`]: expect.stringContaining('cannot copy') })
  await material.close()
})

test('with sqlite: plain nothing is looked into', async () => {
  const folder = temporaryFolder()
  const other = temporaryFolder()
  database(join(other, 'a.db'), 'DELETE', 1).close()
  cpSync(join(other, 'a.db'), join(folder, 'a.db'))
  const { material, workDir } = await openFolder(folder, { sqlite: 'plain' })
  expect(material.folders[0]?.replace.size).toBe(0)
  expect(existsSync(workDir) && readdirSync(workDir)).toEqual([])
  await material.close()
})
