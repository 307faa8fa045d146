import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { check } from '../../src/check/check.ts'
import { copySnapshot } from '../../src/copy/copy-snapshot.ts'
import { LocalStore } from '../../src/destinations/local-store.ts'
import { MemoryStore } from '../../src/destinations/memory-store.ts'
import { changeTags, listSnapshots } from '../../src/snapshot/snapshot.ts'
import { Restic, resticBinaries, withFolder } from '../snapshot/restic.ts'
import { backUp, createRepository, idsOf, reopen, type Files } from '../snapshot/test-repository.ts'

const signal = new AbortController().signal

function someFiles(): Files {
  const shared = randomBytes(4000)
  return { 'a/one.txt': [shared, randomBytes(3000)], 'a/b/two.txt': [shared], 'three.txt': [randomBytes(100_000)], empty: [] }
}

test('a copy holds all that the snapshot needs, and a second one changes nothing', async () => {
  const from = await createRepository(new MemoryStore('one'))
  const to = await createRepository(new MemoryStore('other'), from.polynomial)
  expect(to.polynomial).toBe(from.polynomial)
  const snapshot = await backUp(from, someFiles(), { tags: ['job=db'], parent: 'ab'.repeat(32), timeMs: 5 })
  const seen: { doneBytes: number; totalBytes: number | null }[] = []
  const copied = await copySnapshot(from, to, snapshot, { signal, onProgress: (progress) => seen.push(progress) })
  expect(copied).toMatchObject({ isNew: true, snapshot: { original: snapshot.id, tree: snapshot.tree, tags: ['job=db'], timeMs: 5 } })
  expect(copied.snapshot.parent).toBeUndefined()
  expect(copied.addedBytes).toBeGreaterThan(100_000)
  expect(seen.at(-1)?.doneBytes).toBe(seen.at(-1)?.totalBytes)
  expect(await check(await reopen(to.store), { readData: true })).toMatchObject({ passed: true, checked: { snapshots: 1, blobs: 3 } })
  const before = await idsOf(to.store, 'data')
  expect(await copySnapshot(from, to, snapshot, { signal })).toMatchObject({
    isNew: false,
    addedBytes: 0,
    snapshot: { id: copied.snapshot.id },
  })
  expect(await idsOf(to.store, 'data')).toEqual(before)
  expect(await listSnapshots(to)).toHaveLength(1)
})

test('a snapshot whose tags were changed on either side is still the same one', async () => {
  const from = await createRepository(new MemoryStore('one'))
  const to = await createRepository(new MemoryStore('other'))
  const snapshot = await backUp(from, someFiles())
  const copied = await copySnapshot(from, to, snapshot, { signal })
  const verified = await changeTags(from, snapshot, ['verified=2026-01-01T00:00:00.000Z'])
  await changeTags(to, copied.snapshot, ['kept=yes'])
  expect((await copySnapshot(from, to, verified, { signal })).isNew).toBe(false)
})

test('of the next snapshot only what is new is sent', async () => {
  const from = await createRepository(new MemoryStore('one'))
  const to = await createRepository(new MemoryStore('other'))
  const files = someFiles()
  const first = await copySnapshot(from, to, await backUp(from, files), { signal })
  const second = await backUp(from, { ...files, 'new.txt': [randomBytes(500)] }, { timeMs: 1 })
  const { addedBytes } = await copySnapshot(from, to, second, { signal })
  expect(addedBytes).toBeLessThan(first.addedBytes / 10)
  expect(addedBytes).toBeGreaterThan(500)
})

test('a copy that was cut off leaves nothing that counts, and goes on where it was', async () => {
  const from = await createRepository(new MemoryStore('one'))
  const store = new MemoryStore('other')
  await createRepository(store)
  const snapshot = await backUp(from, someFiles())
  const cut = await reopen(store)
  const failing = vi.spyOn(store, 'write').mockImplementation(async ({ type }) => {
    if (type === 'snapshot') throw new Error('cut off')
    return MemoryStore.prototype.write.apply(store, failing.mock.lastCall ?? [{ type, id: '' }, Buffer.alloc(0)])
  })
  await expect(copySnapshot(from, cut, snapshot, { signal })).rejects.toThrow('cut off')
  failing.mockRestore()
  expect(await listSnapshots(cut)).toEqual([])
  expect(await copySnapshot(from, await reopen(store), snapshot, { signal })).toMatchObject({ isNew: true, addedBytes: 0 })
  expect(await check(await reopen(store), { readData: true })).toMatchObject({ passed: true, findings: [] })
})

test('a damaged or missing piece stops the copy with its name, and a repository is not copied into itself', async () => {
  const from = await createRepository(new MemoryStore('one'))
  const to = await createRepository(new MemoryStore('other'))
  const snapshot = await backUp(from, someFiles())
  for (const packId of from.index.packs()) {
    if (from.index.blobsOf(packId)[0]?.type === 'data') await from.store.remove({ type: 'data', id: packId })
  }
  await expect(copySnapshot(from, to, snapshot, { signal })).rejects.toMatchObject({ code: 'blob_missing' })
  expect(await listSnapshots(to)).toEqual([])
  await expect(copySnapshot(from, await reopen(from.store), snapshot, { signal })).rejects.toMatchObject({ code: 'same_repository' })
})

test('who stops a copy is heard', async () => {
  const from = await createRepository(new MemoryStore('one'))
  const to = await createRepository(new MemoryStore('other'))
  const snapshot = await backUp(from, someFiles())
  await expect(copySnapshot(from, to, snapshot, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
})

for (const binary of resticBinaries()) {
  test(`a snapshot of ${binary} is copied out of its repository, and it accepts the copy`, { timeout: 60_000 }, async () => {
    await withFolder(async (parent) => {
      const theirs = new Restic(binary, join(parent, 'theirs'))
      await theirs.run('init')
      await theirs.run('backup', '--tag', 'one', join(import.meta.dirname, '..', '..', 'src', 'snapshot'))
      const from = await reopen(new LocalStore(join(parent, 'theirs')))
      const to = await createRepository(new LocalStore(join(parent, 'ours')), from.polynomial)
      const [snapshot] = await listSnapshots(from)
      if (snapshot === undefined) throw new Error('there is no snapshot')
      await copySnapshot(from, to, snapshot, { signal })
      const ours = new Restic(binary, join(parent, 'ours'))
      await ours.run('check', '--read-data')
      expect(await ours.run('ls', 'latest')).toBe(await theirs.run('ls', 'latest'))
      await ours.run('backup', '--tag', 'one', join(import.meta.dirname, '..', '..', 'src', 'snapshot'))
      expect(new Set((await listSnapshots(to)).map(({ tree }) => tree)).size).toBe(1)
    })
  })
}
