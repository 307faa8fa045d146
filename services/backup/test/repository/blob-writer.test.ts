import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { MemoryStore } from '../../src/destinations/memory-store.ts'
import type { FileType, StoreFile } from '../../src/destinations/store.ts'
import { BlobWriter } from '../../src/repository/blob-writer.ts'
import { blobIdOf } from '../../src/repository/blob.ts'
import { PackBuilder } from '../../src/repository/pack/pack-builder.ts'
import { Repository } from '../../src/repository/repository.ts'
import { owner } from './new-repository.ts'

/** Writes one after the other into a log; each may be held back or refused. */
class WatchedStore extends MemoryStore {
  readonly written: FileType[] = []
  atOnce = 0
  mostAtOnce = 0
  before: (file: StoreFile) => Promise<void> | void = () => undefined

  override async write(file: StoreFile, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce)
    try {
      await this.before(file)
      await super.write(file, bytes, signal)
      this.written.push(file.type)
    } finally {
      this.atOnce--
    }
  }
}

async function bed(): Promise<{ store: WatchedStore; repository: Repository }> {
  const store = new WatchedStore()
  const repository = await Repository.create(store, owner('first'))
  store.written.length = 0
  store.mostAtOnce = 0
  return { store, repository }
}

async function reopened(store: MemoryStore): Promise<Repository> {
  const repository = await Repository.open(store, { password: 'first' })
  await repository.loadIndex()
  return repository
}

const small = { targetBytes: 10_000 }
const blobs = Array.from({ length: 40 }, () => randomBytes(3000))

async function saveAll(writer: BlobWriter): Promise<void> {
  for (const blob of blobs) await writer.save('data', blob)
}

test('what was saved is read again by whoever opens the repository, and is not stored a second time', async () => {
  const { store, repository } = await bed()
  const writer = new BlobWriter(repository, small)
  const tree = Buffer.from('{"nodes":[]}\n')
  expect(await writer.save('tree', tree)).toMatchObject({ isNew: true })
  expect(await writer.save('tree', tree)).toEqual({ id: blobIdOf(tree), isNew: false, addedBytes: 0 })
  await saveAll(writer)
  await writer.flush()
  expect(writer.addedBytes).toBeGreaterThan(120_000)

  const again = await reopened(store)
  for (const blob of blobs) expect((await again.readBlob('data', blobIdOf(blob))).equals(blob)).toBe(true)
  expect(await again.readBlob('tree', blobIdOf(tree))).toEqual(tree)
  const second = new BlobWriter(again, small)
  await saveAll(second)
  await second.flush()
  expect(second.addedBytes).toBe(0)
  expect(store.written.filter((type) => type === 'index')).toHaveLength(1)
  expect(store.written.at(-1)).toBe('index')
})

test('data and trees never share a pack', async () => {
  const { repository } = await bed()
  const writer = new BlobWriter(repository)
  await writer.save('data', randomBytes(10))
  await writer.save('tree', randomBytes(10))
  await writer.flush()
  const types = Array.from(repository.index.packs(), (packId) =>
    repository.index
      .blobsOf(packId)
      .map((blob) => blob.type)
      .join(),
  )
  expect(types.toSorted()).toEqual(['data', 'tree'])
})

test('no more packs are on their way than allowed, and whoever saves more waits', async () => {
  const { store, repository } = await bed()
  store.before = async () => await new Promise((resolve) => setImmediate(resolve))
  const writer = new BlobWriter(repository, { ...small, uploads: 2 })
  await Promise.all(blobs.map(async (blob) => await writer.save('data', blob)))
  await writer.flush()
  expect(store.mostAtOnce).toBe(2)
  expect((await reopened(store)).index.size).toBe(blobs.length)
})

test('an index file is written after so many blobs, and after so long, so that a run that is killed is not lost', async () => {
  const { store, repository } = await bed()
  let nowMs = 0
  const clock = { now: () => nowMs, monotonicMs: () => nowMs }
  const writer = new BlobWriter(repository, { ...small, checkpointBlobs: 10, checkpointMs: 60_000, clock })
  for (const blob of blobs.slice(0, 12)) await writer.save('data', blob)
  await expect.poll(() => store.written.filter((type) => type === 'index').length).toBe(1)

  const killed = await reopened(store)
  expect(killed.index.size).toBe(12)
  const resumed = new BlobWriter(killed, small)
  expect(await resumed.save('data', blobs[0] ?? Buffer.alloc(0))).toMatchObject({ isNew: false })

  nowMs = 60_001
  for (const blob of blobs.slice(12, 16)) await writer.save('data', blob)
  await expect.poll(() => store.written.filter((type) => type === 'index').length).toBe(2)
})

test('packs that worker threads made count like our own', async () => {
  const { store, repository } = await bed()
  const builder = new PackBuilder(repository.keys, 'data')
  const blob = randomBytes(100)
  builder.add(blobIdOf(blob), blob)
  const { packId, bytes, blobs: packed } = builder.finish()
  const writer = new BlobWriter(repository)
  await writer.addPack(packId, bytes, packed)
  expect([writer.addedBytes, store.written]).toEqual([bytes.length, ['data']])
  expect((await writer.save('data', blob)).isNew).toBe(false)
  await writer.flush()
  expect((await (await reopened(store)).readBlob('data', blobIdOf(blob))).equals(blob)).toBe(true)
})

test('a pack that could not be stored fails the run, and what was in it is stored by the next', async () => {
  const { store, repository } = await bed()
  let failures = 0
  store.before = ({ type }) => {
    if (type === 'data' && ++failures === 3) throw new Error('the cable was pulled')
  }
  const writer = new BlobWriter(repository, small)
  await expect(saveAll(writer).then(async () => await writer.flush())).rejects.toThrow('the cable was pulled')
  await expect(writer.flush()).rejects.toThrow('the cable was pulled')
  await expect(writer.save('data', randomBytes(5))).rejects.toThrow('the cable was pulled')
  expect(store.written).not.toContain('index')

  const next = new BlobWriter(repository, small)
  await saveAll(next)
  await next.flush()
  expect((await reopened(store)).index.size).toBe(blobs.length)
})

test('packs whose index file could not be written are in the index file of the next run', async () => {
  const { store, repository } = await bed()
  store.before = ({ type }) => {
    if (type === 'index') throw new Error('the disk is full')
  }
  const writer = new BlobWriter(repository, small)
  await saveAll(writer)
  await expect(writer.flush()).rejects.toThrow('the disk is full')
  expect((await reopened(store)).index.size).toBe(0)

  store.before = () => undefined
  const next = new BlobWriter(repository, small)
  await saveAll(next)
  await next.flush()
  expect(next.addedBytes).toBe(0)
  expect((await reopened(store)).index.size).toBe(blobs.length)
})

test('with force a blob is stored although it is there, and the index knows both places', async () => {
  const { store, repository } = await bed()
  const blob = randomBytes(100)
  const writer = new BlobWriter(repository)
  await writer.save('data', blob)
  await writer.flush()
  const [firstPack] = [...repository.index.packs()]
  const second = new BlobWriter(repository)
  expect((await second.save('data', blob, { force: true })).isNew).toBe(true)
  await second.flush()
  repository.index.removePacks([firstPack ?? ''])
  await store.remove({ type: 'data', id: firstPack ?? '' })
  expect((await repository.readBlob('data', blobIdOf(blob))).equals(blob)).toBe(true)
})

test('an abort ends a run before its index, and leaves nothing half', async () => {
  const { store, repository } = await bed()
  const abort = new AbortController()
  const writer = new BlobWriter(repository, { ...small, signal: abort.signal })
  await saveAll(writer)
  abort.abort(new Error('stopped by the person'))
  await expect(writer.flush()).rejects.toThrow('stopped by the person')
  expect(store.written).not.toContain('index')
})
