import { hash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MemoryStore } from '../../../src/destinations/memory-store.ts'
import { blobIdOf } from '../../../src/repository/blob.ts'
import { createMasterKey } from '../../../src/repository/master-key.ts'
import { openBlob } from '../../../src/repository/pack/open-blob.ts'
import { PackBuilder } from '../../../src/repository/pack/pack-builder.ts'
import type { FinishedPack } from '../../../src/repository/pack/pack-builder.ts'
import { encodePackHeader, packBytes, parsePackHeader } from '../../../src/repository/pack/pack-header.ts'
import { readPackHeader } from '../../../src/repository/pack/read-pack-header.ts'
import { Seal, sealBytes } from '../../../src/repository/seal.ts'
import { outcomeOf } from '../outcome.ts'

const keys = createMasterKey()
const seal = new Seal(keys)

function packOf(plains: readonly Uint8Array[], type: 'data' | 'tree' = 'data'): FinishedPack {
  const builder = new PackBuilder(keys, type)
  for (const plain of plains) builder.add(blobIdOf(plain), plain)
  return builder.finish()
}

test('every blob of a pack opens again from its place, and the header in the pack says the same as the builder', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 5000 }), { minLength: 1, maxLength: 30 }), async (plains) => {
      const { packId, bytes, blobs } = packOf(plains, 'tree')
      expect(packId).toBe(hash('sha256', bytes))
      expect(packBytes(blobs)).toBe(bytes.length)
      for (const [at, blob] of blobs.entries()) {
        const sealed = bytes.subarray(blob.offset, blob.offset + blob.lengthBytes)
        expect(openBlob(seal, sealed, blob.plainBytes).equals(plains[at] ?? Buffer.alloc(0))).toBe(true)
      }
      const store = new MemoryStore()
      await store.write({ type: 'data', id: packId }, bytes)
      expect(await readPackHeader(store, seal, packId, bytes.length)).toEqual(blobs)
    }),
    { numRuns: 30 },
  )
})

test('a blob is stored compressed only where that makes it smaller', () => {
  const [text, random] = [Buffer.alloc(100_000, 'abc'), randomBytes(100_000)]
  const { blobs, bytes } = packOf([text, random])
  expect(blobs.map((blob) => blob.plainBytes)).toEqual([text.length, null])
  expect(blobs[1]?.lengthBytes).toBe(random.length + sealBytes)
  expect(bytes.length).toBeLessThan(random.length + 500)
})

test('a builder is full at its target, makes room for a blob beyond it, and begins anew after each pack', () => {
  const builder = new PackBuilder(keys, 'data', { targetBytes: 100_000 })
  const [small, large] = [randomBytes(60_000), randomBytes(3_000_000)]
  builder.add(blobIdOf(small), small)
  expect(builder.isFull).toBe(false)
  builder.add(blobIdOf(large), large)
  expect(builder.isFull).toBe(true)
  expect(builder.finish().blobs).toHaveLength(2)
  expect([builder.isEmpty, builder.isFull]).toEqual([true, false])
  builder.add(blobIdOf(small), small)
  expect(builder.finish().blobs).toEqual([expect.objectContaining({ id: blobIdOf(small), offset: 0 })])
})

test('a header longer than the first read is read whole', async () => {
  const { packId, bytes, blobs } = packOf(Array.from({ length: 1000 }, (_, at) => Buffer.from(`blob ${at}`)))
  const store = new MemoryStore()
  await store.write({ type: 'data', id: packId }, bytes)
  expect(await readPackHeader(store, seal, packId, bytes.length)).toEqual(blobs)
})

test('a blob whose bytes are not those of its id does not get into a pack', () => {
  const builder = new PackBuilder(keys, 'data')
  expect(() => builder.add(blobIdOf(Buffer.from('b')), Buffer.from('a'))).toThrow(expect.objectContaining({ code: 'blob_unverified' }))
  expect(builder.isEmpty).toBe(true)
  expect(() => builder.add(blobIdOf(Buffer.alloc(0)), Buffer.alloc(0))).toThrow(expect.objectContaining({ code: 'blob_size' }))
})

test('a flipped byte in the header, a cut and a wrong length are damage of the named pack', async () => {
  const { packId, bytes } = packOf([randomBytes(1000), randomBytes(1000)])
  const read = async (damaged: Uint8Array): Promise<unknown> => {
    const store = new MemoryStore('shelf')
    await store.write({ type: 'data', id: packId }, damaged)
    return await readPackHeader(store, seal, packId, damaged.length)
  }
  const flipped = Uint8Array.from(bytes)
  flipped[bytes.length - 20] = (flipped[bytes.length - 20] ?? 0) ^ 1
  const endless = Uint8Array.from(bytes)
  endless.fill(255, -4)
  for (const damaged of [
    flipped,
    endless,
    bytes.subarray(0, -1),
    bytes.subarray(1),
    bytes.subarray(0, 10),
    new Uint8Array(0),
    new Uint8Array(50),
  ])
    await expect(read(damaged)).rejects.toMatchObject({ code: 'pack_damaged', message: expect.stringContaining(`${packId} in shelf`) })
})

test('whatever bytes a header has, its blobs lie one behind the other within the file, or it is refused', () => {
  const pack = packOf([randomBytes(100), Buffer.alloc(1000)])
  const known = encodePackHeader(pack.blobs)
  const mutated = fc.array(fc.tuple(fc.nat(known.length - 1), fc.nat(255)), { maxLength: 4 }).map((changes) => {
    const header = Buffer.from(known)
    for (const [at, byte] of changes) header[at] = byte
    return header
  })
  fc.assert(
    fc.property(
      fc.oneof(
        mutated,
        fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      ),
      fc.oneof(fc.constant(pack.bytes.length), fc.nat(5000)),
      (header, fileBytes) => {
        let end = 0
        for (const blob of outcomeOf(() => parsePackHeader(header, fileBytes)) ?? []) {
          expect(blob.offset).toBe(end)
          end += blob.lengthBytes
        }
        expect(end).toBeLessThanOrEqual(fileBytes)
      },
    ),
    { numRuns: 1000 },
  )
})
