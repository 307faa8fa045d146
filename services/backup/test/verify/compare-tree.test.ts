import { chmodSync, mkdtempSync, rmSync, symlinkSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Repository } from '../../src/repository/repository.ts'
import { restoreTree } from '../../src/restore/tree/restore-tree.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'
import { compareTree, type Compared } from '../../src/verify/compare-tree.ts'
import { backUp, folderMaterial, openRepository } from '../archive/archive-scene.ts'
import { makeNastyTree } from '../archive/nasty-tree.ts'

const signal = new AbortController().signal
let folder: string
let source: string
let repository: Repository
let snapshot: Snapshot
let count = 0

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-compare-'))
  source = join(folder, 'source')
  makeNastyTree(source)
  writeFileSync(join(source, 'long'), Buffer.alloc(3_000_000, 'abc'))
  writeFileSync(join(source, 'mode'), 'mode', { mode: 0o640 })
  symlinkSync('long', join(source, 'leads'))
  new DatabaseSync(join(source, 'store.sqlite')).exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)')
  repository = await openRepository(join(folder, 'repository'))
  snapshot = (await backUp(repository, folderMaterial(source))).snapshot
})
afterAll(async () => {
  await repository.close()
  rmSync(folder, { recursive: true, force: true })
})

async function restored(change: (inside: string) => void): Promise<Compared> {
  const to = join(folder, `restored-${++count}`)
  await restoreTree(repository, snapshot, { to, signal, onProgress: () => undefined })
  change(join(to, source))
  return await compareTree(repository, snapshot.tree, to, { signal, owners: process.geteuid?.() === 0 })
}

test('a tree with all that is odd is restored as it was, and its databases are found', async () => {
  const compared = await restored(() => undefined)
  expect(compared.differences).toEqual([])
  expect(compared.files).toBeGreaterThan(5)
  expect(compared.items).toBeGreaterThan(compared.files)
  expect(compared.bytes).toBeGreaterThan(3_000_000)
  expect(compared.databases).toEqual([join(source, 'store.sqlite')])
})

test('whatever differs is named, also when size and time are the same', async () => {
  const compared = await restored((inside) => {
    const time = new Date(Date.now() - 1_000_000)
    const flipped = Buffer.alloc(3_000_000, 'abc')
    flipped[2_999_999] = 0
    writeFileSync(join(inside, 'long'), flipped)
    chmodSync(join(inside, 'mode'), 0o600)
    truncateSync(join(inside, 'store.sqlite'), 4096)
    unlinkSync(join(inside, 'leads'))
    symlinkSync('elsewhere', join(inside, 'leads'))
    utimesSync(inside, time, time)
  })
  const named = Object.fromEntries(compared.differences.map(({ path, what }) => [path.slice(source.length), what]))
  expect(named).toMatchObject({
    '/long': expect.stringMatching(/^has other content from \d+ to 3000000$/),
    '/mode': 'has the mode 600 and had 640',
    '/store.sqlite': 'ends at 4096, too early',
    '/leads': 'leads elsewhere',
    '': 'has another time',
  })
  expect(compared.differenceCount).toBe(5)
})

test('what is not there, and what became something else, is named', async () => {
  const compared = await restored((inside) => {
    unlinkSync(join(inside, 'long'))
    unlinkSync(join(inside, 'mode'))
    symlinkSync('/etc/passwd', join(inside, 'mode'))
  })
  const named = Object.fromEntries(compared.differences.map(({ path, what }) => [path.slice(source.length), what]))
  expect(named).toMatchObject({ '/long': 'is not there', '/mode': 'is a symlink and was a file' })
})
