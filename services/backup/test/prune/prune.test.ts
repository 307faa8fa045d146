import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { systemClock } from '@nightshift/shared/clock'
import { NightshiftError } from '@nightshift/shared/errors'
import { check } from '../../src/check/check.ts'
import { LocalStore } from '../../src/destinations/local-store.ts'
import { MemoryStore } from '../../src/destinations/memory-store.ts'
import { acquireLock } from '../../src/lock/repository-lock.ts'
import { prune, type PruneOptions } from '../../src/prune/prune.ts'
import type { Repository } from '../../src/repository/repository.ts'
import { listSnapshots, type Snapshot } from '../../src/snapshot/snapshot.ts'
import { walkTrees } from '../../src/snapshot/walk-trees.ts'
import { Restic, resticBinaries, withFolder } from '../snapshot/restic.ts'
import { backUp, createRepository, HandClock, idsOf, reopen, type Files } from '../snapshot/test-repository.ts'
import { contentsOf } from './contents.ts'
import { RecordingStore, type Fate } from './recording-store.ts'

const hourMs = 3_600_000

function options(clock = new HandClock()): PruneOptions & { clock: HandClock } {
  return { hostname: 'here', clock, maxUnused: 0 }
}

async function forget(repository: Repository, snapshot: Snapshot): Promise<void> {
  await repository.store.remove({ type: 'snapshot', id: snapshot.id })
}

const bytes = (size = 2000): Buffer => randomBytes(size)

test('what nothing needs any more is marked, waits a day, and goes; the rest can be read as before', async () => {
  const store = new MemoryStore()
  const repository = await createRepository(store)
  const [shared, old, fresh] = [bytes(), bytes(), bytes()]
  const first = await backUp(repository, { 'shared.txt': [shared], 'sub/old.txt': [old] })
  const second = await backUp(repository, { 'shared.txt': [shared], 'sub/fresh.txt': [fresh] }, { timeMs: 1 })
  const before = await contentsOf(repository, second)
  await forget(repository, first)
  const packsBefore = await idsOf(store, 'data')
  const turned = options()

  const look = await prune(repository, turned)
  expect(look).toMatchObject({ snapshots: 1, removedPacks: 0, dryRun: false, nextRemovalMs: turned.clock.now() + 24 * hourMs })
  expect(look.repackedPacks).toBe(1)
  expect(look.markedPacks).toBe(2)
  const packsMarked = await idsOf(store, 'data')
  expect(packsBefore.every((packId) => packsMarked.includes(packId))).toBe(true)
  turned.clock.advance(23 * hourMs)
  expect(await prune(repository, turned)).toMatchObject({ removedPacks: 0, markedPacks: 2, repackedPacks: 0 })
  turned.clock.advance(hourMs)
  // Another instance sees the marks of the first.
  expect(await prune(await reopen(store), turned)).toMatchObject({ removedPacks: 2, markedPacks: 0, nextRemovalMs: null })
  expect(await idsOf(store, 'data')).toHaveLength(packsMarked.length - 2)
  expect(await prune(repository, turned)).toMatchObject({ removedPacks: 0, markedPacks: 0, unusedBytes: 0 })

  const again = await reopen(store)
  expect(again.index.has('data', look.usedBlobs > 0 ? await idOf(again, second, '/sub/fresh.txt') : '')).toBe(true)
  expect(await contentsOf(again, second)).toEqual(before)
  expect(await check(again, { readData: true })).toMatchObject({ passed: true, findings: [] })
})

async function idOf(repository: Repository, snapshot: Snapshot, wanted: string): Promise<string> {
  let found = ''
  await walkTrees(repository, snapshot.tree, {
    onTree(_, nodes, __, path) {
      for (const node of nodes) if (`${path}/${node.name.toString()}` === wanted) found = node.content?.[0] ?? ''
    },
  })
  return found
}

test('a dry run tells the same and changes nothing', async () => {
  const store = new MemoryStore()
  const repository = await createRepository(store)
  await forget(repository, await backUp(repository, { a: [bytes()] }))
  await backUp(repository, { b: [bytes()] })
  const before = [await idsOf(store, 'data'), await idsOf(store, 'index')]
  const planned = await prune(repository, { ...options(), graceMs: 0, dryRun: true })
  expect([await idsOf(store, 'data'), await idsOf(store, 'index')]).toEqual(before)
  const done = await prune(repository, { ...options(), graceMs: 0 })
  expect(done).toEqual({ ...planned, dryRun: false })
  expect(done.removedPacks).toBe(2)
})

test('a blob that a backup uses again while its pack is marked stays', async () => {
  const store = new MemoryStore()
  const repository = await createRepository(store)
  const content = bytes()
  await forget(repository, await backUp(repository, { a: [content] }))
  await backUp(repository, { b: [bytes()] })
  const turned = options()
  expect(await prune(repository, turned)).toMatchObject({ markedPacks: 2 })
  const revived = await backUp(await reopen(store), { again: [content] })
  turned.clock.advance(48 * hourMs)
  await prune(repository, turned)
  const after = await reopen(store)
  expect(await contentsOf(after, revived)).toEqual({ '/again': content.toString('hex') })
  expect((await check(after, { readData: true })).passed).toBe(true)
})

test('a run that read the index before a prune, and has its lock after it, counts on nothing that went', async () => {
  const store = new MemoryStore()
  const repository = await createRepository(store)
  const content = bytes()
  await forget(repository, await backUp(repository, { a: [content] }))
  await backUp(repository, { b: [bytes()] })
  const early = await reopen(store)
  expect(await prune(repository, { ...options(), graceMs: 0 })).toMatchObject({ removedPacks: 2 })
  const lock = await acquireLock(early, { exclusive: false, hostname: 'there', clock: systemClock })
  const snapshot = await backUp(early, { again: [content] }, { timeMs: 2 })
  await lock.release()
  expect(await contentsOf(await reopen(store), snapshot)).toEqual({ '/again': content.toString('hex') })
})

test('packs of a run that was killed are marked, and removed after the grace', async () => {
  const store = new MemoryStore()
  const repository = await createRepository(store)
  await backUp(repository, { a: [bytes()] })
  const known = await idsOf(store, 'index')
  const killed = await reopen(store)
  await forget(killed, await backUp(killed, { lost: [bytes()] }))
  for (const id of await idsOf(store, 'index')) if (!known.includes(id)) await store.remove({ type: 'index', id })
  const turned = options()
  expect(await prune(repository, turned)).toMatchObject({ markedPacks: 2, removedPacks: 0 })
  turned.clock.advance(25 * hourMs)
  expect(await prune(repository, turned)).toMatchObject({ markedPacks: 0, removedPacks: 2 })
})

test('many small index files become one', async () => {
  const store = new MemoryStore()
  const repository = await createRepository(store)
  for (let run = 0; run < 20; run++) await backUp(repository, { [`file ${run}`]: [bytes(100)] })
  await prune(repository, options())
  expect(await idsOf(store, 'index')).toHaveLength(1)
  expect((await check(await reopen(store), { readData: true })).passed).toBe(true)
})

describe('nothing is removed', () => {
  /** The code of the refusal, and the files of the kinds that a prune removes, before and after it. */
  async function outcomeOf(damage: (store: MemoryStore) => Promise<void>): Promise<{ code: unknown; before: string[]; after: string[] }> {
    const store = new MemoryStore()
    const repository = await createRepository(store)
    await backUp(repository, { a: [bytes()] })
    await forget(repository, await backUp(repository, { b: [bytes()] }, { timeMs: 1 }))
    await damage(store)
    const before = [...(await idsOf(store, 'data')), ...(await idsOf(store, 'index'))]
    const error: unknown = await prune(repository, { ...options(), graceMs: 0 }).catch((thrown: unknown) => thrown)
    const after = [...(await idsOf(store, 'data')), ...(await idsOf(store, 'index')), ...(await idsOf(store, 'lock'))]
    return { code: error instanceof NightshiftError ? error.code : error, before, after }
  }

  async function turnToJunk(store: MemoryStore, type: 'snapshot' | 'index'): Promise<void> {
    const [id = ''] = await idsOf(store, type)
    await store.remove({ type, id })
    await store.write({ type, id }, Buffer.from('junk'))
  }

  test('when a snapshot cannot be read', async () => {
    const { code, before, after } = await outcomeOf(async (store) => turnToJunk(store, 'snapshot'))
    expect({ code, after }).toEqual({ code: 'prune_refused', after: before })
  })

  test('when the index cannot be read', async () => {
    const { code, before, after } = await outcomeOf(async (store) => turnToJunk(store, 'index'))
    expect({ code, after }).toEqual({ code: 'index_damaged', after: before })
  })

  test('when packs are gone', async () => {
    const { code, before, after } = await outcomeOf(async (store) => {
      for (const id of await idsOf(store, 'data')) await store.remove({ type: 'data', id })
    })
    expect({ code, after }).toEqual({ code: 'prune_refused', after: before })
  })

  test('while somebody else works on the repository', async () => {
    const repository = await createRepository()
    const lock = await acquireLock(repository, { exclusive: false, hostname: 'there', clock: systemClock })
    await expect(prune(repository, { hostname: 'here', clock: systemClock })).rejects.toMatchObject({ code: 'repository_locked' })
    await lock.release()
  })
})

/** What a whole read finds; that there is no snapshot yet is no finding here. */
async function findingsIn(repository: Repository, ...severities: string[]): Promise<string[]> {
  const { findings } = await check(repository, { readData: true })
  return findings.filter(({ code, severity }) => severities.includes(severity) && code !== 'nothing_checked').map(({ message }) => message)
}

test(
  'cut off at any instant, whatever was on its way, all snapshots can be read and the next prune ends',
  { timeout: 120_000 },
  async () => {
    const store = new RecordingStore()
    const repository = await createRepository(store)
    const turned = options()
    const shared = bytes()
    const contents = new Map<string, Files>()
    const keep = async (files: Files, timeMs: number): Promise<Snapshot> => {
      const snapshot = await backUp(repository, files, { timeMs })
      contents.set(snapshot.id, files)
      return snapshot
    }
    const first = await keep({ shared: [shared], 'a/one': [bytes(), bytes()] }, 1)
    const second = await keep({ shared: [shared], 'a/two': [bytes()], 'a/b/three': [bytes()] }, 2)
    await forget(repository, first)
    await prune(repository, turned)
    turned.clock.advance(25 * hourMs)
    await keep({ shared: [shared], four: [bytes()] }, 3)
    await forget(repository, second)
    await prune(repository, turned)
    turned.clock.advance(25 * hourMs)
    await prune(repository, turned)

    // Before the config is there, there is no repository yet.
    const opened = store.events.findIndex(({ kind, file }) => kind === 'ended' && file.type === 'config') + 1
    let seen = 0
    const survive = async (count: number, fate: Fate): Promise<void> => {
      const left = await store.after(count, (write) => (fate === 'there' && write % 2 === 0 ? 'dropped' : fate))
      const survivor = await reopen(left)
      const snapshots = await listSnapshots(survivor)
      expect({ count, fate, errors: await findingsIn(survivor, 'error') }).toEqual({ count, fate, errors: [] })
      for (const snapshot of snapshots) {
        expect(Object.keys(await contentsOf(survivor, snapshot))).toHaveLength(Object.keys(contents.get(snapshot.id) ?? {}).length)
        seen += 1
      }
      await prune(survivor, { ...turned, graceMs: 0 })
      expect(await findingsIn(await reopen(left), 'error', 'hint')).toEqual([])
    }
    const counts = Array.from({ length: store.events.length - opened + 1 }, (_, index) => opened + index)
    const cases = counts.flatMap((count) => (['there', 'dropped', 'torn'] as const).map((fate) => [count, fate] as const))
    // Each waits most of its time for its lock to settle.
    for (let start = 0; start < cases.length; start += 16)
      await Promise.all(cases.slice(start, start + 16).map(async ([count, fate]) => survive(count, fate)))
    expect(seen).toBeGreaterThan(100)
  },
)

for (const binary of resticBinaries()) {
  test(
    `${binary} accepts the repository before, between and after, and its own prune takes what is marked`,
    { timeout: 120_000 },
    async () => {
      await withFolder(async (parent) => {
        const folder = join(parent, 'repository')
        const repository = await createRepository(new LocalStore(folder))
        const restic = new Restic(binary, folder)
        const turned = options(new HandClock(Date.now()))
        const first = await backUp(repository, { shared: ['shared'], 'a/old': [bytes()] }, { timeMs: 1 })
        await backUp(repository, { shared: ['shared'], 'a/new': [bytes()] }, { timeMs: Date.now() })
        await restic.run('check', '--read-data')
        await forget(repository, first)
        expect((await prune(repository, turned)).markedPacks).toBe(2)
        await restic.run('check', '--read-data')
        await restic.run('restore', 'latest', '--target', join(parent, 'restored'))
        expect(readFileSync(join(parent, 'restored', 'shared'), 'utf8')).toBe('shared')
        turned.clock.advance(25 * hourMs)
        expect((await prune(repository, turned)).removedPacks).toBe(2)
        await restic.run('check', '--read-data')

        await forget(repository, await backUp(repository, { gone: [bytes()] }, { timeMs: 2 }))
        expect((await prune(repository, turned)).markedPacks).toBe(2)
        const packs = (await idsOf(repository.store, 'data')).length
        await restic.run('prune')
        expect(await idsOf(repository.store, 'data')).toHaveLength(packs - 2)
        expect(await prune(repository, turned)).toMatchObject({ markedPacks: 0, removedPacks: 0 })
        expect(await check(await reopen(repository.store), { readData: true })).toMatchObject({ passed: true, findings: [] })
      })
    },
  )
}
