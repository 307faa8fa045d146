import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { check } from '../../src/check/check.ts'
import { LocalStore } from '../../src/destinations/local-store.ts'
import { MemoryStore } from '../../src/destinations/memory-store.ts'
import type { Store } from '../../src/destinations/store.ts'
import { repair } from '../../src/repair/repair.ts'
import { Repository } from '../../src/repository/repository.ts'
import { listSnapshots } from '../../src/snapshot/snapshot.ts'
import { contentsOf } from '../prune/contents.ts'
import { RecordingStore, type Fate } from '../prune/recording-store.ts'
import { Restic, resticBinaries, resticPassword, withFolder } from '../snapshot/restic.ts'
import { backUp, createRepository, HandClock, idsOf, reopen } from '../snapshot/test-repository.ts'

const options = { hostname: 'here', clock: new HandClock() }
const first = randomBytes(700)
const second = randomBytes(900)
const files = { 'a/first.txt': [first], 'second.txt': [second] }

async function damage(store: Store, id: string, change: (bytes: Buffer) => Buffer): Promise<void> {
  const bytes = await store.read({ type: 'data', id })
  await store.remove({ type: 'data', id })
  await store.write({ type: 'data', id }, change(bytes))
}

function flip(bytes: Buffer): Buffer {
  bytes[20] = (bytes[20] ?? 0) ^ 1
  return bytes
}

function packsOf(repository: Repository, type: 'data' | 'tree'): string[] {
  return [...repository.index.packs()].filter((packId) => repository.index.blobsOf(packId)[0]?.type === type)
}

test('an index that is lost or unreadable is made anew from the packs', async () => {
  for (const loss of ['gone', 'junk'] as const) {
    const store = new MemoryStore()
    await backUp(await createRepository(store), files)
    for (const id of await idsOf(store, 'index')) {
      await store.remove({ type: 'index', id })
      if (loss === 'junk') await store.write({ type: 'index', id }, Buffer.from('junk'))
    }
    const planned = await repair(await reopenAnyhow(store), { ...options, dryRun: true })
    expect(planned.addedPacks).toHaveLength(2)
    const report = await repair(await reopenAnyhow(store), options)
    expect(report).toMatchObject({ addedPacks: planned.addedPacks, forgottenPacks: [], snapshots: [] })
    expect(report.damagedIndexes).toHaveLength(loss === 'junk' ? 1 : 0)
    expect(await check(await reopen(store), { readData: true })).toMatchObject({ passed: true, findings: [] })
    expect(await repair(await reopen(store), options)).toMatchObject({ addedPacks: [], damagedIndexes: [] })
  }
})

async function reopenAnyhow(store: Store): Promise<Repository> {
  return Repository.open(store, { password: resticPassword })
}

test('a pack that is gone leaves the index, and the next backup stores its blobs again', async () => {
  const store = new MemoryStore()
  const repository = await createRepository(store)
  await backUp(repository, files)
  const lost = packsOf(repository, 'data')
  for (const id of lost) await store.remove({ type: 'data', id })
  const report = await repair(await reopen(store), options)
  expect(report.forgottenPacks).toEqual(lost)
  expect(report.snapshots).toMatchObject([{ lostPaths: ['/a/first.txt', '/second.txt'], newId: null }])
  expect((await check(await reopen(store))).passed).toBe(false)
  await backUp(await reopen(store), files, { timeMs: 1 })
  expect((await check(await reopen(store), { readData: true })).passed).toBe(true)
  expect((await repair(await reopen(store), options)).snapshots).toEqual([])
})

test('a damaged pack goes only when told to; what is whole in it is kept, and the next backup heals the rest', async () => {
  const store = new MemoryStore()
  const repository = await createRepository(store)
  await backUp(repository, files)
  const [packId = ''] = packsOf(repository, 'data')
  await damage(store, packId, flip)
  const found = await check(await reopen(store), { readData: true })
  const damagedPacks = found.findings.flatMap(({ code, file }) => (code === 'pack_damaged' && file !== undefined ? [file.id] : []))
  expect(damagedPacks).toEqual([packId])
  expect(await repair(await reopen(store), { ...options, damagedPacks })).toMatchObject({ damagedPacks, lostBlobs: 0 })
  expect(await idsOf(store, 'data')).toContain(packId)
  expect(await repair(await reopen(store), { ...options, damagedPacks, removeDamagedPacks: true })).toMatchObject({
    salvagedBlobs: 1,
    lostBlobs: 1,
  })
  expect(await idsOf(store, 'data')).not.toContain(packId)
  await backUp(await reopen(store), files, { timeMs: 1 })
  expect(await check(await reopen(store), { readData: true })).toMatchObject({ passed: true, findings: [] })
})

test('a pack that is called damaged and is whole stays', async () => {
  const store = new MemoryStore()
  const repository = await createRepository(store)
  await backUp(repository, files)
  const [packId = ''] = packsOf(repository, 'data')
  await repair(repository, { ...options, damagedPacks: [packId], removeDamagedPacks: true })
  expect(await idsOf(store, 'data')).toContain(packId)
})

test('snapshots that miss something are written anew without it, marked, and only when told to', async () => {
  const store = new MemoryStore()
  const repository = await createRepository(store)
  const old = await backUp(
    repository,
    { 'a/first.txt': [first], 'a/whole.txt': [] },
    { tags: ['job=db', 'verified=2026-01-01T00:00:00.000Z'] },
  )
  const lost = packsOf(repository, 'data')
  const whole = await backUp(repository, { 'second.txt': [second] }, { timeMs: 1 })
  for (const id of lost) await store.remove({ type: 'data', id })
  await repair(await reopen(store), options)
  expect((await listSnapshots(repository)).map(({ id }) => id)).toEqual([old.id, whole.id])
  const { snapshots } = await repair(await reopen(store), { ...options, rewriteSnapshots: true })
  expect(snapshots).toMatchObject([{ id: old.id, lostPaths: ['/a/first.txt'], lostCount: 1 }])
  const [rewritten, untouched] = await listSnapshots(repository)
  expect(untouched?.id).toBe(whole.id)
  expect(rewritten).toMatchObject({ id: snapshots[0]?.newId, original: old.id, tags: ['job=db', expect.stringMatching(/^repaired=/)] })
  expect(await check(await reopen(store), { readData: true })).toMatchObject({ passed: true })
})

test('a snapshot of which nothing can be read goes only when told to', async () => {
  const store = new MemoryStore()
  const repository = await createRepository(store)
  await backUp(repository, files)
  const [id = ''] = await idsOf(store, 'snapshot')
  await store.remove({ type: 'snapshot', id })
  await store.write({ type: 'snapshot', id }, Buffer.from('junk'))
  expect((await repair(repository, options)).snapshots).toEqual([{ id, newId: null, lostPaths: ['/'], lostCount: 1 }])
  expect(await idsOf(store, 'snapshot')).toEqual([id])
  await repair(repository, { ...options, rewriteSnapshots: true })
  expect(await idsOf(store, 'snapshot')).toEqual([])
})

test('cut off at any instant, a repair loses nothing that was whole, and the next one ends it', { timeout: 60_000 }, async () => {
  const store = new RecordingStore()
  const repository = await createRepository(store)
  await backUp(repository, files)
  const [packId = ''] = packsOf(repository, 'data')
  await damage(store, packId, flip)
  for (const id of await idsOf(store, 'index')) await store.remove({ type: 'index', id })
  const begun = store.events.length
  const complete = { ...options, damagedPacks: [packId], removeDamagedPacks: true, rewriteSnapshots: true }
  await repair(await reopenAnyhow(store), complete)
  const survive = async (count: number, fate: Fate): Promise<void> => {
    const left = await store.after(count, () => fate)
    await repair(await reopenAnyhow(left), complete)
    const after = await reopen(left)
    const [snapshot, ...others] = await listSnapshots(after)
    expect(others).toEqual([])
    expect(snapshot && (await contentsOf(after, snapshot))).toEqual({ '/a/first.txt': first.toString('hex') })
    expect((await check(after, { readData: true })).passed).toBe(true)
  }
  const counts = Array.from({ length: store.events.length - begun + 1 }, (_, index) => begun + index)
  expect(counts.length).toBeGreaterThan(10)
  await Promise.all(counts.flatMap((count) => (['there', 'dropped', 'torn'] as const).map(async (fate) => survive(count, fate))))
})

for (const binary of resticBinaries()) {
  test(`${binary} accepts and restores what was repaired`, { timeout: 60_000 }, async () => {
    await withFolder(async (parent) => {
      const store = new LocalStore(join(parent, 'repository'))
      const repository = await createRepository(store)
      await backUp(repository, files)
      const [packId = ''] = packsOf(repository, 'data')
      await damage(store, packId, flip)
      await repair(await reopen(store), { ...options, damagedPacks: [packId], removeDamagedPacks: true, rewriteSnapshots: true })
      const restic = new Restic(binary, join(parent, 'repository'))
      await restic.run('check', '--read-data')
      await restic.run('restore', 'latest', '--target', join(parent, 'restored'))
      // The pieces of the files in a folder lie before those of the folders in it.
      expect(existsSync(join(parent, 'restored', 'second.txt'))).toBe(false)
      expect(readFileSync(join(parent, 'restored', 'a', 'first.txt'))).toEqual(first)
    })
  })
}
