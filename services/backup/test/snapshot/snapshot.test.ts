import { expect, test } from 'vitest'
import { MemoryStore } from '../../src/destinations/memory-store.ts'
import { chooseParent, nearestBefore } from '../../src/snapshot/choose.ts'
import { IdSet } from '../../src/snapshot/id-set.ts'
import { changeTags, listSnapshots, loadSnapshot, saveSnapshot, type SnapshotDraft } from '../../src/snapshot/snapshot.ts'
import { tagValue, withTag } from '../../src/snapshot/tags.ts'
import { blobIdOf } from '../../src/repository/blob.ts'
import { createRepository, idsOf } from './test-repository.ts'

const hourMs = 3_600_000
const draft: SnapshotDraft = {
  timeMs: Date.parse('2026-01-01T00:00:00Z'),
  tree: 'ab'.repeat(32),
  paths: ['/srv/models'],
  hostname: 'alpha',
  username: 'root',
  tags: ['job=models', 'src=directory'],
}

test('a snapshot comes back as it was saved, with what it counted', async () => {
  const repository = await createRepository()
  const summary = { startMs: 1000, endMs: 2000, filesNew: 3, bytesProcessed: 77 }
  const saved = await saveSnapshot(repository, { ...draft, uid: 0, excludes: ['*.tmp'], parent: 'cd'.repeat(32), summary })
  const [listed] = await listSnapshots(repository)
  expect(listed).toEqual(saved)
  expect(listed).toMatchObject({ ...draft, uid: 0, excludes: ['*.tmp'], parent: 'cd'.repeat(32), summary })
})

test('snapshots are found by host, paths in any order, tags, job, prefix and latest', async () => {
  const repository = await createRepository()
  const first = await saveSnapshot(repository, { ...draft, paths: ['/a', '/b'] })
  const second = await saveSnapshot(repository, { ...draft, timeMs: draft.timeMs + hourMs, hostname: 'beta', tags: ['job=db'] })
  const ids = async (filter: Parameters<typeof listSnapshots>[1]): Promise<string[]> =>
    (await listSnapshots(repository, filter)).map(({ id }) => id)
  expect(await ids({})).toEqual([first.id, second.id])
  expect(await ids({ hostname: 'beta' })).toEqual([second.id])
  expect(await ids({ paths: ['/b', '/a'] })).toEqual([first.id])
  expect(await ids({ paths: ['/a'] })).toEqual([])
  expect(await ids({ tags: ['job=models', 'src=directory'] })).toEqual([first.id])
  expect(await ids({ job: 'db' })).toEqual([second.id])
  expect((await loadSnapshot(repository, 'latest')).id).toBe(second.id)
  expect((await loadSnapshot(repository, 'latest', { filter: { job: 'models' } })).id).toBe(first.id)
  expect((await loadSnapshot(repository, first.id.slice(0, 12))).id).toBe(first.id)
})

test('an id that is unknown or begins several is refused with what to do', async () => {
  const repository = await createRepository()
  await expect(loadSnapshot(repository, 'latest')).rejects.toMatchObject({ code: 'snapshot_unknown' })
  for (let hour = 0; hour < 17; hour++) await saveSnapshot(repository, { ...draft, timeMs: draft.timeMs + hour * hourMs })
  const ids = (await listSnapshots(repository)).map(({ id }) => id)
  const shared = ids.map((id) => id.slice(0, 1)).find((prefix) => ids.filter((id) => id.startsWith(prefix)).length > 1)
  await expect(loadSnapshot(repository, shared ?? '')).rejects.toMatchObject({ code: 'snapshot_ambiguous' })
  await expect(loadSnapshot(repository, 'no such id')).rejects.toThrow(/nightshift backup list/)
})

test('tags change by a new file; the first id still finds the snapshot, and unknown fields stay', async () => {
  const repository = await createRepository()
  const id = await repository.writeJson('snapshot', { ...(await saveSnapshot(repository, draft)).document, future: { kept: true } })
  const snapshot = await loadSnapshot(repository, id)
  const once = await changeTags(repository, snapshot, withTag(snapshot.tags, 'verified', '2026-01-02T00:00:00.000Z'))
  const twice = await changeTags(repository, once, withTag(once.tags, 'verified', '2026-01-03T00:00:00.000Z'))
  expect(twice).toMatchObject({ original: id, tags: ['job=models', 'src=directory', 'verified=2026-01-03T00:00:00.000Z'] })
  expect(tagValue(twice, 'verified')).toBe('2026-01-03T00:00:00.000Z')
  expect(await idsOf(repository.store, 'snapshot')).toHaveLength(2)
  expect(await loadSnapshot(repository, id)).toMatchObject({ id: twice.id, document: { future: { kept: true } } })
})

test('a snapshot that cannot be read is an error, never left out', async () => {
  const store = new MemoryStore()
  const repository = await createRepository(store)
  await saveSnapshot(repository, draft)
  const junk = Buffer.from('junk')
  await store.write({ type: 'snapshot', id: blobIdOf(junk) }, junk)
  await expect(listSnapshots(repository)).rejects.toMatchObject({
    code: 'snapshot_unreadable',
    message: expect.stringContaining(blobIdOf(junk)),
  })
})

test('a point in time takes the snapshot before it and says how far off it is', async () => {
  const repository = await createRepository()
  for (const hour of [0, 24, 48]) await saveSnapshot(repository, { ...draft, timeMs: draft.timeMs + hour * hourMs })
  const snapshots = await listSnapshots(repository)
  expect(nearestBefore(snapshots, draft.timeMs + 47 * hourMs)).toEqual({ snapshot: snapshots[1], olderByMs: 23 * hourMs })
  expect(nearestBefore(snapshots, draft.timeMs + 24 * hourMs)?.olderByMs).toBe(0)
  expect(nearestBefore(snapshots, draft.timeMs - 1)).toBeUndefined()
})

test('the parent is of the same host, paths and job, and not after the new snapshot', async () => {
  const repository = await createRepository()
  const old = await saveSnapshot(repository, draft)
  await saveSnapshot(repository, { ...draft, timeMs: draft.timeMs + hourMs, hostname: 'beta' })
  await saveSnapshot(repository, { ...draft, timeMs: draft.timeMs + hourMs, tags: ['job=other'] })
  await saveSnapshot(repository, { ...draft, timeMs: draft.timeMs + 9 * hourMs })
  const snapshots = await listSnapshots(repository)
  const wanted = { hostname: 'alpha', paths: ['/srv/models'], job: 'models' }
  expect(chooseParent(snapshots, wanted, draft.timeMs + 2 * hourMs)?.id).toBe(old.id)
  expect(chooseParent(snapshots, { ...wanted, paths: ['/srv'] }, draft.timeMs + 2 * hourMs)).toBeUndefined()
})

test('a set of ids holds what a Set holds, also when ids begin alike', () => {
  const ids = Array.from({ length: 5000 }, (_, index) => blobIdOf(Buffer.from(String(index))))
  const alike = Array.from({ length: 200 }, (_, index) => `00000000${String(index).padStart(56, '0')}`)
  const set = new IdSet()
  for (const id of [...ids, ...alike]) expect(set.add(id)).toBe(true)
  for (const id of [...ids, ...alike]) expect(set.add(id)).toBe(false)
  expect(set.size).toBe(5200)
  expect(set.has('f'.repeat(64))).toBe(false)
  expect(ids.every((id) => set.has(id))).toBe(true)
})
