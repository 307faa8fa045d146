import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigError, EffectError } from '@nightshift/shared/errors'
import { fileTypes } from '../../src/destinations/layout.ts'
import { MemoryStore } from '../../src/destinations/memory-store.ts'
import type { FileType, StoreFile } from '../../src/destinations/store.ts'
import { BlobWriter } from '../../src/repository/blob-writer.ts'
import { blobIdOf } from '../../src/repository/blob.ts'
import { randomPolynomial } from '../../src/repository/chunker/polynomial.ts'
import { Repository } from '../../src/repository/repository.ts'
import { newRepository, owner } from './new-repository.ts'

async function onlyFile(store: MemoryStore, type: FileType): Promise<StoreFile> {
  for await (const { id } of store.list(type)) return { type, id }
  throw new Error(`no ${type} file`)
}

async function replace(store: MemoryStore, file: StoreFile, change: (bytes: Buffer) => Uint8Array): Promise<void> {
  const bytes = await store.read(file)
  await store.remove(file)
  await store.write(file, change(bytes))
}

function flipped(bytes: Buffer): Buffer {
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
  return bytes
}

const open = (store: MemoryStore): Promise<Repository> => Repository.open(store, { password: 'first' })

describe('a repository', () => {
  test('that was made is opened with its password, and keeps the polynomial that it was given', async () => {
    const polynomial = randomPolynomial()
    const store = new MemoryStore()
    const made = await Repository.create(store, owner('first', { polynomial }))
    const opened = await open(store)
    expect([opened.id, opened.version, opened.polynomial, opened.keys]).toEqual([made.id, 2, polynomial, made.keys])
  })

  test('is not made where one is, nor with a polynomial that is none', async () => {
    const { store } = await newRepository()
    await expect(Repository.create(store, owner('other'))).rejects.toMatchObject({ code: 'repository_exists' })
    await store.remove({ type: 'config', id: '' })
    await expect(Repository.create(store, owner('other'))).rejects.toMatchObject({ code: 'repository_exists' })
    await expect(Repository.create(new MemoryStore(), owner('x', { polynomial: 7n }))).rejects.toMatchObject({ code: 'bad_polynomial' })
  })

  test('that is not there, has another password, or lost its config or keys, each has an error of its own', async () => {
    await expect(open(new MemoryStore())).rejects.toMatchObject({ code: 'no_repository' })
    const { store, repository } = await newRepository()
    await expect(Repository.open(store, { password: 'First' })).rejects.toMatchObject({ code: 'wrong_password' })
    const config = await store.read({ type: 'config', id: '' })
    await store.remove({ type: 'config', id: '' })
    await expect(open(store)).rejects.toMatchObject({ code: 'config_damaged', message: expect.stringContaining('put a copy') })
    await store.write({ type: 'config', id: '' }, config)
    await store.remove({ type: 'key', id: repository.keyId })
    await expect(open(store)).rejects.toMatchObject({ code: 'key_damaged', message: expect.stringContaining('put a copy') })
  })

  test('of a later version and one whose config is damaged are told apart', async () => {
    const { store, repository } = await newRepository()
    const config = { type: 'config', id: '' } as const
    await replace(store, config, () => repository.seal.seal(Buffer.from('{"version":3}')))
    await expect(open(store)).rejects.toMatchObject({ code: 'repository_version', message: expect.stringContaining('newer nightshift') })
    await replace(store, config, flipped)
    await expect(open(store)).rejects.toMatchObject({ code: 'config_damaged' })
    await replace(store, config, (bytes) => bytes.subarray(0, 5))
    await expect(open(store)).rejects.toMatchObject({ code: 'config_damaged' })
    await replace(store, config, () => Buffer.alloc(1_000_000))
    await expect(open(store)).rejects.toMatchObject({ code: 'config_damaged' })
  })

  test('reads snapshots, locks and indexes as they were written, and names the one that is damaged', async () => {
    const { store, repository } = await newRepository()
    const value = { tree: 'ab', tags: ['한국어', '\u2028'], n: 1.5 }
    for (const type of ['snapshot', 'lock', 'index'] as const) {
      const id = await repository.writeJson(type, value)
      expect(await repository.readJson(type, id)).toEqual(value)
      await replace(store, { type, id }, flipped)
      await expect(repository.readJson(type, id)).rejects.toMatchObject({ code: 'file_damaged', message: expect.stringContaining(id) })
    }
  })

  test('refuses what a holder of the key sealed but is no JSON, or is JSON without end', async () => {
    const { store, repository } = await newRepository()
    for (const content of ['nothing', '{"a":', '\u0002nothing']) {
      const sealed = repository.seal.seal(Buffer.from(content))
      await store.write({ type: 'snapshot', id: blobIdOf(sealed) }, sealed)
      await expect(repository.readJson('snapshot', blobIdOf(sealed))).rejects.toMatchObject({ code: 'file_damaged' })
    }
  })
})

test('a byte changed or cut off anywhere in any file is an error with a code, or changes nothing that is read', async () => {
  const { store, repository } = await newRepository()
  const writer = new BlobWriter(repository)
  const blobs = [randomBytes(300), Buffer.alloc(3000, 'text ')]
  for (const blob of blobs) await writer.save('data', blob)
  await writer.flush()
  const value = { paths: ['/srv'], tags: [] }
  const snapshotId = await repository.writeJson('snapshot', value)
  const files: StoreFile[] = []
  for (const type of fileTypes) for await (const { id } of store.list(type)) files.push({ type, id })

  const readAll = async (): Promise<unknown[]> => {
    const opened = await open(store)
    await opened.loadIndex()
    const read = await Promise.all(blobs.map(async (blob) => await opened.readBlob('data', blobIdOf(blob))))
    return [await opened.readJson('snapshot', snapshotId), ...read]
  }
  const attempt = async (): Promise<unknown> =>
    await readAll().catch((error: unknown) => (error instanceof ConfigError || error instanceof EffectError ? error.code : error))

  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...files),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 0, max: 255 }),
      async (file, at, xor) => {
        const good = await store.read(file)
        const place = Math.floor(at * (good.length - 1))
        const bad = Buffer.from(good.subarray(0, xor === 0 ? place : good.length))
        if (xor !== 0) bad[place] = (bad[place] ?? 0) ^ xor
        await replace(store, file, () => bad)
        const outcome = await attempt()
        await replace(store, file, () => good)
        // A pack's own header is not read here.
        expect(typeof outcome === 'string' || (file.type === 'data' && isDeepStrictEqual(outcome, [value, ...blobs]))).toBe(true)
      },
    ),
    { numRuns: 300 },
  )
  expect(await readAll()).toEqual([value, ...blobs])
})

async function withBlob(): Promise<{ store: MemoryStore; repository: Repository; id: string }> {
  const { store, repository } = await newRepository()
  const writer = new BlobWriter(repository)
  const { id } = await writer.save('data', randomBytes(5000))
  await writer.flush()
  return { store, repository, id }
}

describe('damage', () => {
  test('of an index file is named, or told and passed over', async () => {
    const { store } = await withBlob()
    const file = await onlyFile(store, 'index')
    await replace(store, file, flipped)
    const repository = await open(store)
    await expect(repository.loadIndex()).rejects.toMatchObject({ code: 'index_damaged', message: expect.stringContaining(file.id) })
    const damaged: string[] = []
    await repository.loadIndex(undefined, (error) => damaged.push(error.code))
    expect([damaged, repository.index.size]).toEqual([['index_damaged'], 0])
  })

  test('of a pack is found when a blob is read: changed, cut, gone, or somebody else in its place', async () => {
    const { store, repository, id } = await withBlob()
    const pack = await onlyFile(store, 'data')
    const lost = { message: expect.stringMatching(new RegExp(`${id}.*${pack.id}`)) }
    const good = await store.read(pack)
    await replace(store, pack, flipped)
    await expect(repository.readBlob('data', id)).rejects.toMatchObject({ code: 'blob_damaged', ...lost })
    await replace(store, pack, (bytes) => bytes.subarray(0, 100))
    await expect(repository.readBlob('data', id)).rejects.toMatchObject({ code: 'blob_damaged', ...lost })
    await store.remove(pack)
    await expect(repository.readBlob('data', id)).rejects.toMatchObject({ code: 'blob_missing', ...lost })
    const impostor = repository.seal.seal(randomBytes(5000))
    await store.write(pack, Buffer.concat([impostor, good.subarray(impostor.length)]))
    await expect(repository.readBlob('data', id)).rejects.toMatchObject({ code: 'blob_damaged', ...lost })
    await store.remove(pack)
    await store.write(pack, good)
    expect(blobIdOf(await repository.readBlob('data', id))).toBe(id)
    await expect(repository.readBlob('tree', id)).rejects.toMatchObject({ code: 'blob_missing' })
  })

  test('does not look like damage when an index file goes while it is read, as when another process merges them', async () => {
    const { store, id } = await withBlob()
    const file = await onlyFile(store, 'index')
    const repository = await open(store)
    const document = await repository.readJson('index', file.id)
    const list = store.list.bind(store)
    let lists = 0
    store.list = async function* (type, signal) {
      yield* list(type, signal)
      if (type !== 'index' || ++lists > 1) return
      await store.remove(file)
      await repository.writeJson('index', document)
    }
    await repository.loadIndex()
    expect([repository.index.has('data', id), lists]).toEqual([true, 2])
  })
})
