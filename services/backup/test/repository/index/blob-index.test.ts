import { randomBytes } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { BlobType } from '../../../src/repository/blob.ts'
import { blobIdOf } from '../../../src/repository/blob.ts'
import { BlobIndex } from '../../../src/repository/index/blob-index.ts'
import { SharedIndex } from '../../../src/repository/index/shared-index.ts'
import type { PackedBlob } from '../../../src/repository/pack/pack-header.ts'

function idOf(number: number): string {
  return blobIdOf(Buffer.from(String(number)))
}

function blobOf(id: string, type: BlobType = 'data', change: Partial<PackedBlob> = {}): PackedBlob {
  return { type, id, offset: 0, lengthBytes: 100, plainBytes: null, ...change }
}

test('an index answers as a map would, through packs that come and go, and blobs that lie in several packs', () => {
  const blob = fc.tuple(fc.nat(40), fc.constantFrom<BlobType>('data', 'tree'), fc.integer({ min: 0, max: 2 ** 30 }))
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ add: fc.nat(20), blobs: fc.array(blob, { maxLength: 8 }) }) },
    { weight: 1, arbitrary: fc.record({ remove: fc.uniqueArray(fc.nat(20), { maxLength: 5 }) }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 15 }), (steps) => {
      const index = new BlobIndex()
      const model = new Map<string, PackedBlob[]>()
      for (const step of steps) {
        if ('remove' in step) {
          const ids = step.remove.map((pack) => idOf(1000 + pack))
          index.removePacks(ids)
          for (const id of ids) model.delete(id)
        } else if (!model.has(idOf(1000 + step.add))) {
          const blobs = step.blobs.map(([number, type, plain], at) =>
            blobOf(idOf(number), type, { offset: at * 500_000_000, plainBytes: plain === 0 ? null : plain }),
          )
          index.add(idOf(1000 + step.add), blobs)
          model.set(idOf(1000 + step.add), blobs)
        }
      }
      expect([...index.packs()]).toEqual([...model.keys()])
      const places = new Map<string, object[]>()
      for (const [packId, blobs] of model) {
        expect(index.blobsOf(packId)).toEqual(blobs)
        for (const { id, type, ...place } of blobs) {
          const key = `${type} ${id}`
          places.set(key, [...(places.get(key) ?? []), { packId, type, ...place }])
        }
      }
      expect(index.size).toBe(places.size)
      for (const type of ['data', 'tree'] as const)
        for (let number = 0; number <= 40; number++) {
          const known = places.get(`${type} ${idOf(number)}`)
          expect(index.has(type, idOf(number))).toBe(known !== undefined)
          expect(known ?? [undefined]).toContainEqual(index.find(type, idOf(number)))
        }
    }),
    { numRuns: 200 },
  )
})

test('a pack that two index files name is taken once, and one that they tell in parts is put together', () => {
  const blobs = [0, 100, 200].map((offset) => blobOf(idOf(offset), 'data', { offset }))
  const index = new BlobIndex()
  index.add(idOf(1), blobs.slice(1, 2))
  for (let time = 0; time < 2; time++) index.add(idOf(1), blobs)
  expect(index.blobsOf(idOf(1))).toEqual(blobs)
  expect([index.size, [...index.packs()], index.blobsOf(idOf(9))]).toEqual([3, [idOf(1)], []])
})

test('a blob takes at most 84 bytes of memory, also when there are many, and all are found', () => {
  const index = new BlobIndex()
  const ids = Array.from({ length: 150_000 }, () => randomBytes(32).toString('hex'))
  for (let from = 0; from < ids.length; from += 1000)
    index.add(
      idOf(from),
      ids.slice(from, from + 1000).map((id) => blobOf(id)),
    )
  expect(index.bytesUsed / index.size).toBeLessThan(84)
  expect(ids.filter((id) => index.has('data', id))).toHaveLength(ids.length)
  expect(ids.filter((id) => index.has('tree', id))).toHaveLength(0)
})

test('a claim is given once, to another run again, and not for what is stored', () => {
  const index = new BlobIndex()
  index.add(idOf(1), [blobOf(idOf(2))])
  const first = index.claims()
  expect([first.claim('data', idOf(2)), first.claim('tree', idOf(2)), first.claim('tree', idOf(2))]).toEqual([false, true, false])
  expect(index.has('tree', idOf(2))).toBe(false)

  const second = index.claims()
  expect([second.claim('tree', idOf(2)), second.claim('tree', idOf(2))]).toEqual([true, false])

  index.add(idOf(3), [blobOf(idOf(2), 'tree')])
  expect([index.claims().claim('tree', idOf(2)), first.has('tree', idOf(2)), index.size]).toEqual([false, true, 2])
})

const sharedIndexUrl = new URL('../../../src/repository/index/shared-index.ts', import.meta.url).href

/** Claims ids in the order of a generator of its own; says which it was given. */
const workerSource = `
  const { parentPort, workerData } = require('node:worker_threads')
  const { hash } = require('node:crypto')
  import(workerData.url).then(({ SharedIndex }) => {
    const index = new SharedIndex(workerData.handle)
    const given = []
    for (let step = 0; step < workerData.count; step++) {
      const number = (step * workerData.stride + workerData.start) % workerData.count
      if (index.claim('data', hash('sha256', String(number)))) given.push(number)
    }
    parentPort.postMessage(given)
  })`

test('threads that claim the same blobs at once get each of them once, while the table grows under them and packs are added', async () => {
  const index = new BlobIndex()
  const stored = Array.from({ length: 500 }, (_, number) => blobOf(idOf(number)))
  index.add(idOf(-1), stored)
  const count = 60_000
  const handle = index.share()
  const workers = [7, 11, 13].map(
    (stride, start) => new Worker(workerSource, { eval: true, workerData: { url: sharedIndexUrl, handle, count, stride, start } }),
  )
  try {
    const given = workers.map((worker) => new Promise<number[]>((resolve, reject) => worker.once('message', resolve).once('error', reject)))
    for (let pack = 0; pack < 200; pack++) index.add(idOf(-10 - pack), [blobOf(idOf(1_000_000 + pack))])
    const all = (await Promise.all(given)).flat()
    const distinct = new Set(all)
    expect(distinct.size).toBe(count - stored.length)
    expect(Math.min(...distinct)).toBe(stored.length)
    // Twice is allowed for what is claimed in the moment in which a level is put on top, and for nothing else.
    expect(all.length - distinct.size).toBeLessThan(10)
    // What the threads claimed is stored, and only then found.
    expect(index.has('data', idOf(600))).toBe(false)
    index.add(
      idOf(-2),
      Array.from(distinct, (number) => blobOf(idOf(number))),
    )
    expect(Array.from(distinct).every((number) => index.has('data', idOf(number)))).toBe(true)
    expect(new SharedIndex(handle).has('data', idOf(600))).toBe(true)
    expect(index.size).toBe(count + 200)
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
})
