import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FileType, ListedFile, Store, StoreFile } from '../../src/destinations/store.ts'

export interface StoreUnderTest {
  readonly store: Store
  readonly remove: () => Promise<void>
}

const mebibyte = 1024 ** 2

/** A file that may hold these bytes, under the name that they have by right. */
export function fileFor(type: FileType, bytes: Uint8Array): StoreFile {
  return { type, id: type === 'config' ? '' : createHash('sha256').update(bytes).digest('hex') }
}

export async function put(store: Store, type: FileType, bytes: Uint8Array): Promise<StoreFile> {
  const file = fileFor(type, bytes)
  await store.write(file, bytes)
  return file
}

export async function listed(store: Store, type: FileType): Promise<ListedFile[]> {
  return (await Array.fromAsync(store.list(type))).toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

/** What every destination must do. `many` is a number of files that needs several pages of a listing. */
export function describeStore(name: string, open: () => Promise<StoreUnderTest>, { many }: { many: number }): void {
  describe(`${name}`, () => {
    let store: Store
    let remove: () => Promise<void>

    beforeAll(async () => {
      ;({ store, remove } = await open())
    }, 60_000)

    afterAll(async () => {
      await store?.close()
      await remove?.()
    }, 30_000)

    it('is made twice without harm and then holds nothing', async () => {
      await store.create()
      await store.create()
      for (const type of ['config', 'key', 'data', 'index', 'snapshot', 'lock'] as const) expect(await listed(store, type)).toEqual([])
    })

    it('gives back what was written, and lists each type by itself', async () => {
      const written = new Map<FileType, StoreFile>()
      for (const type of ['config', 'key', 'data', 'index', 'snapshot', 'lock'] as const) {
        written.set(type, await put(store, type, Buffer.from(`the ${type}`)))
      }
      for (const [type, file] of written) {
        expect((await store.read(file)).toString()).toBe(`the ${type}`)
        expect(await store.sizeOf(file)).toBe(`the ${type}`.length)
        expect(await listed(store, type)).toEqual([{ id: file.id, sizeBytes: `the ${type}`.length }])
      }
      for (const file of written.values()) await store.remove(file)
    })

    it('reads any part of a file, and refuses what lies beyond its end', async () => {
      const bytes = randomBytes(300_000)
      const file = await put(store, 'data', bytes)
      for (const [offset, lengthBytes] of [
        [0, 1],
        [0, 300_000],
        [131_071, 2],
        [131_072, 131_072],
        [299_999, 1],
        [300_000, 0],
        [7, 262_144],
      ] as const) {
        expect(await store.read(file, { offset, lengthBytes })).toEqual(bytes.subarray(offset, offset + lengthBytes))
      }
      expect(await store.read(file, { offset: 299_990 })).toEqual(bytes.subarray(299_990))
      await expect(store.read(file, { offset: 299_999, lengthBytes: 2 })).rejects.toMatchObject({ code: 'store_damaged' })
      await expect(store.read(file, { offset: 300_001, lengthBytes: 1 })).rejects.toMatchObject({ code: 'store_damaged' })
      await store.remove(file)
    })

    it('tells what is absent, and removes it once more without complaint', async () => {
      const file = fileFor('data', Buffer.from('never written'))
      expect(await store.sizeOf(file)).toBeUndefined()
      expect(await store.sizeOf({ type: 'config', id: '' })).toBeUndefined()
      await expect(store.read(file)).rejects.toMatchObject({ code: 'store_missing_file', transient: false })
      await expect(store.read(file, { offset: 0, lengthBytes: 0 })).rejects.toMatchObject({ code: 'store_missing_file' })
      await store.remove(file)
      const present = await put(store, 'snapshot', Buffer.from('soon gone'))
      await store.remove(present)
      await store.remove(present)
      expect(await store.sizeOf(present)).toBeUndefined()
      expect(await listed(store, 'snapshot')).toEqual([])
    })

    it('takes the same bytes again, and never puts others in their place', async () => {
      const bytes = randomBytes(200_000)
      const file = await put(store, 'data', bytes)
      await store.write(file, bytes)
      await expect(store.write(file, randomBytes(200_000))).rejects.toMatchObject({ code: 'store_conflict', transient: false })
      await expect(store.write(file, bytes.subarray(1))).rejects.toMatchObject({ code: 'store_conflict' })
      expect(await store.read(file)).toEqual(bytes)
      expect(await listed(store, 'data')).toEqual([{ id: file.id, sizeBytes: 200_000 }])
      await store.remove(file)
      await store.write(file, bytes)
      expect(await store.read(file)).toEqual(bytes)
      await store.remove(file)
    })

    it('lets one of several writers of the config win', async () => {
      const file: StoreFile = { type: 'config', id: '' }
      const candidates = Array.from({ length: 4 }, () => randomBytes(155))
      const results = await Promise.allSettled(candidates.map(async (bytes) => await store.write(file, bytes)))
      const winners = candidates.filter((_, index) => results[index]?.status === 'fulfilled')
      expect(winners).toHaveLength(1)
      expect(await store.read(file)).toEqual(winners[0])
      await store.remove(file)
    })

    it('stores packs of 20 MiB, several at once', async () => {
      const packs = Array.from({ length: 3 }, () => randomBytes(20 * mebibyte))
      const files = await Promise.all(packs.map(async (bytes) => await put(store, 'data', bytes)))
      for (const [index, file] of files.entries()) {
        expect((await store.read(file)).equals(packs[index] ?? Buffer.alloc(0))).toBe(true)
        await store.remove(file)
      }
      expect(await listed(store, 'data')).toEqual([])
    }, 60_000)

    it(`lists ${many} files, each once`, async () => {
      const files = await Promise.all(
        Array.from({ length: many }, async (_, index) => await put(store, 'index', Buffer.from(`index ${index}`))),
      )
      const ids = files.map((file) => file.id).toSorted()
      expect((await listed(store, 'index')).map((file) => file.id)).toEqual(ids)
      expect((await store.room()).usedBytes).toBeGreaterThanOrEqual(many * 'index 1'.length)
      await Promise.all(files.map(async (file) => await store.remove(file)))
      expect(await listed(store, 'index')).toEqual([])
    }, 60_000)

    it('stops when it is told to', async () => {
      const bytes = randomBytes(20 * mebibyte)
      const file = fileFor('data', bytes)
      const reason = new Error('that is enough')
      await expect(store.write(file, bytes, AbortSignal.abort(reason))).rejects.toBe(reason)
      await expect(store.read(file, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
      const controller = new AbortController()
      const writing = store.write(file, bytes, controller.signal)
      setImmediate(() => controller.abort(reason))
      const outcome = await writing.then(
        () => 'written',
        (error: unknown) => error,
      )
      expect(['written', reason]).toContain(outcome)
      const sizeBytes = await store.sizeOf(file)
      expect([undefined, bytes.length]).toContain(sizeBytes)
      await store.remove(file)
    }, 30_000)

    it('refuses an id that would lead elsewhere', async () => {
      for (const id of ['', '../../../etc/passwd', 'A'.repeat(64), `${'a'.repeat(63)}/`])
        await expect(store.write({ type: 'data', id }, Buffer.from('x'))).rejects.toThrow('not the id of a file')
    })
  })
}
