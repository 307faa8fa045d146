import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { check } from '../../src/check/check.ts'
import type { CheckReport } from '../../src/check/findings.ts'
import { choosePart } from '../../src/check/part.ts'
import { MemoryStore } from '../../src/destinations/memory-store.ts'
import type { FileType } from '../../src/destinations/store.ts'
import type { Repository } from '../../src/repository/repository.ts'
import { backUp, createRepository, idsOf, reopen } from '../snapshot/test-repository.ts'

type Damage = 'flipped' | 'truncated' | 'deleted'

async function damage(store: MemoryStore, type: FileType, id: string, how: Damage): Promise<void> {
  const bytes = await store.read({ type, id })
  await store.remove({ type, id })
  if (how === 'deleted') return
  if (how === 'flipped') bytes[20] = (bytes[20] ?? 0) ^ 1
  await store.write({ type, id }, how === 'truncated' ? bytes.subarray(0, bytes.length - 3) : bytes)
}

async function packHolding(repository: Repository, type: 'data' | 'tree'): Promise<string> {
  for (const packId of repository.index.packs()) if (repository.index.blobsOf(packId)[0]?.type === type) return packId
  throw new Error(`no pack of ${type} blobs`)
}

function errorsOf(report: CheckReport): string[] {
  return report.findings
    .filter(({ severity }) => severity === 'error')
    .map(({ code, file }) => (file === undefined ? code : `${code} ${file.type} ${file.id}`))
}

async function twoSnapshots(): Promise<{ store: MemoryStore; repository: Repository }> {
  const store = new MemoryStore()
  const repository = await createRepository(store)
  await backUp(repository, { 'a/file.txt': [randomBytes(500), randomBytes(500)], empty: [] })
  await backUp(repository, { 'a/other.txt': [randomBytes(500)] }, { timeMs: 1 })
  return { store, repository }
}

test('a whole repository passes, and the account says what was looked at', async () => {
  const { repository } = await twoSnapshots()
  expect(await check(repository, { readData: true })).toMatchObject({
    passed: true,
    errorCount: 0,
    checked: { keys: 1, indexes: 2, snapshots: 2, trees: 4, blobs: 3, packs: 4, packsRead: 4 },
  })
})

test('nothing checked is no success', async () => {
  const repository = await createRepository()
  expect(await check(repository, { readData: true })).toMatchObject({ passed: false, findings: [{ code: 'nothing_checked' }] })
})

describe('damage is found and named', () => {
  test.each(['data', 'tree'] as const)('in a pack of %s blobs', async (type) => {
    for (const how of ['flipped', 'truncated', 'deleted'] as const) {
      const { store, repository } = await twoSnapshots()
      const packId = await packHolding(repository, type)
      await damage(store, 'data', packId, how)
      const errors = errorsOf(await check(await reopen(store), { readData: true }))
      expect(errors).toContain(`${{ flipped: 'pack_damaged', truncated: 'pack_size', deleted: 'pack_missing' }[how]} data ${packId}`)
      const withoutReading = await check(await reopen(store))
      // This is why packs must be read now and then: a flipped byte in the piece of a file is not seen otherwise.
      expect(withoutReading.passed).toBe(how === 'flipped' && type === 'data')
    }
  })

  test.each(['flipped', 'truncated'] as const)('in files beside the packs, %s', async (how) => {
    for (const [type, code] of [
      ['index', 'index_damaged'],
      ['snapshot', 'snapshot_damaged'],
      ['key', 'key_damaged'],
    ] as const) {
      const { store } = await twoSnapshots()
      const opened = await reopen(store)
      const [{ id } = { id: '' }] = await Array.fromAsync(store.list(type))
      await damage(store, type, id, how)
      expect(errorsOf(await check(opened))).toContain(`${code} ${type} ${id}`)
    }
  })

  test('an index that is gone shows as what it held', async () => {
    const { store } = await twoSnapshots()
    const [index = ''] = await idsOf(store, 'index')
    await damage(store, 'index', index, 'deleted')
    const report = await check(await reopen(store))
    expect(errorsOf(report)).toEqual(expect.arrayContaining(['tree_missing']))
    expect(report.findings).toContainEqual(expect.objectContaining({ code: 'pack_unindexed', severity: 'hint' }))
  })

  test('a snapshot that is gone, when somebody knows that it was there', async () => {
    const { store, repository } = await twoSnapshots()
    const ids = await idsOf(store, 'snapshot')
    await damage(store, 'snapshot', ids[0] ?? '', 'deleted')
    expect((await check(repository)).passed).toBe(true)
    expect(errorsOf(await check(repository, { expectedSnapshots: ids }))).toEqual([`snapshot_missing snapshot ${ids[0]}`])
  })
})

describe('reading in parts', () => {
  const packIds = Array.from({ length: 97 }, () => randomBytes(32).toString('hex'))

  test('all parts together are all packs, each once', () => {
    const parts = Array.from({ length: 7 }, (_, index) => choosePart(packIds, { part: index + 1, of: 7 }))
    expect(parts.flat().toSorted()).toEqual(packIds.toSorted())
  })

  test('no part is empty while there is any pack', () => {
    for (let part = 1; part <= 30; part++) expect(choosePart(packIds.slice(0, 2), { part, of: 30 })).not.toEqual([])
    expect(choosePart([], { part: 1, of: 30 })).toEqual([])
    expect(() => choosePart(packIds, { part: 31, of: 30 })).toThrow(RangeError)
  })

  test('damage in the one pack that a part reads is found', async () => {
    const { store, repository } = await twoSnapshots()
    const packId = await packHolding(repository, 'data')
    await damage(store, 'data', packId, 'flipped')
    const reports = await Promise.all([1, 2, 3].map(async (part) => check(await reopen(store), { readData: { part, of: 3 } })))
    expect(reports.some(({ passed }) => !passed)).toBe(true)
    expect(reports.every(({ checked }) => checked.packsRead > 0)).toBe(true)
  })
})
