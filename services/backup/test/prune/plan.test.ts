import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { IndexedPack } from '../../src/repository/index/index-file.ts'
import { packBytes } from '../../src/repository/pack/pack-header.ts'
import { planPrune, type PruneFacts, type PrunePolicy } from '../../src/prune/plan.ts'

const dayMs = 86_400_000
const nowMs = 100 * dayMs
const policy: PrunePolicy = { graceMs: dayMs, maxUnused: 0.05, smallPackBytes: 500, fullPackBytes: 2000 }

const blobId = (number: number): string => number.toString(16).padStart(64, 'b')
const packIdOf = (number: number): string => number.toString(16).padStart(64, 'a')

/** Packs of blobs of 1000 bytes each, by their numbers. */
function packsOf(...contents: (readonly number[])[]): IndexedPack[] {
  return contents.map((numbers, pack) => ({
    packId: packIdOf(pack),
    blobs: numbers.map((number, place) => ({
      type: 'data',
      id: blobId(number),
      offset: place * 1000,
      lengthBytes: 1000,
      plainBytes: null,
    })),
  }))
}

function factsOf(indexed: readonly IndexedPack[], used: readonly number[], more: Partial<PruneFacts> = {}): PruneFacts {
  const ids = new Set(used.map(blobId))
  const files = new Map(indexed.map(({ packId, blobs }) => [packId, packBytes(blobs)]))
  return { indexed, files, isUsed: (_, id) => ids.has(id), marks: new Map(), nowMs, ...more }
}

test('an unused pack is marked first, and removed when it is still unused after the grace', () => {
  const indexed = packsOf([1, 2], [3])
  const first = planPrune(factsOf(indexed, [1, 2]), policy)
  expect(first).toMatchObject({ remove: [], repack: [], marks: new Map([[packIdOf(1), nowMs]]) })
  expect([...first.forget]).toEqual([])
  expect(first.figures).toMatchObject({ markedPacks: 1, removedPacks: 0, nextRemovalMs: nowMs + dayMs, usedBlobs: 2 })
  const early = planPrune(factsOf(indexed, [1, 2], { marks: first.marks, nowMs: nowMs + dayMs - 1 }), policy)
  expect(early.remove).toEqual([])
  const late = planPrune(factsOf(indexed, [1, 2], { marks: first.marks, nowMs: nowMs + dayMs }), policy)
  expect(late.remove).toEqual([packIdOf(1)])
  expect([...late.forget]).toEqual([packIdOf(1)])
})

test('a marked pack that is used again loses its mark', () => {
  const plan = planPrune(factsOf(packsOf([1], [3]), [1, 3], { marks: new Map([[packIdOf(1), 0]]) }), policy)
  expect(plan).toMatchObject({ remove: [], marks: new Map() })
})

test('a mark from a clock that was ahead begins anew', () => {
  const plan = planPrune(factsOf(packsOf([1], [3]), [1], { marks: new Map([[packIdOf(1), nowMs + 1]]) }), { ...policy, graceMs: 0.5 })
  expect(plan.remove).toEqual([])
  expect(plan.marks.get(packIdOf(1))).toBe(nowMs)
})

test('packs with the most waste are packed anew until little enough is left', () => {
  const used = [1, 2, 3, 4, 10, 20, 21, 22, ...Array.from({ length: 40 }, (_, index) => 100 + index)]
  const indexed = packsOf([1, 2, 3, 4, 5], [10, 11, 12, 13], [20, 21, 22, 23], used.slice(8))
  const plan = planPrune(factsOf(indexed, used), policy)
  expect(plan.repack).toEqual([packIdOf(1)])
  expect([...plan.forget]).toEqual([packIdOf(1)])
  expect(plan.marks).toEqual(new Map([[packIdOf(1), nowMs]]))
  expect(planPrune(factsOf(indexed, used), { ...policy, maxUnused: 0 }).repack).toHaveLength(3)
})

test('small packs are joined as soon as they fill one together', () => {
  const small = { ...policy, smallPackBytes: 1200, maxUnused: 1 }
  expect(planPrune(factsOf(packsOf([1]), [1]), small).repack).toEqual([])
  expect(planPrune(factsOf(packsOf([1], [2], [3, 4]), [1, 2, 3, 4]), small).repack).toEqual([packIdOf(0), packIdOf(1)])
})

test('a pack whose file is gone leaves the index, and one that is in no index waits for its removal', () => {
  const indexed = packsOf([1], [2])
  const files = new Map([
    [packIdOf(0), 1069],
    [packIdOf(9), 5000],
  ])
  const plan = planPrune(factsOf(indexed, [1], { files }), policy)
  expect([...plan.forget]).toEqual([packIdOf(1)])
  expect(plan.marks).toEqual(new Map([[packIdOf(9), nowMs]]))
})

test('of a blob that lies in several packs one copy counts', () => {
  const plan = planPrune(factsOf(packsOf([1], [1, 2], [1, 9]), [1, 2]), { ...policy, graceMs: 0, maxUnused: 0 })
  expect(plan.repack).toEqual([])
  expect(plan.remove).toEqual([packIdOf(0), packIdOf(2)])
  expect(plan.ownerOf('data', blobId(1))).toBe(packIdOf(1))
})

test('whatever lies where, no used blob is ever lost', () => {
  const scene = fc.record({
    contents: fc.array(fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 6 }), { maxLength: 12 }),
    used: fc.uniqueArray(fc.integer({ min: 0, max: 30 })),
    gone: fc.uniqueArray(fc.integer({ min: 0, max: 11 }), { maxLength: 3 }),
    marked: fc.array(fc.integer({ min: 0, max: 11 })),
    graceMs: fc.constantFrom(0, dayMs),
    maxUnused: fc.constantFrom(0, 0.05, 0.5, 1),
    smallPackBytes: fc.constantFrom(0, 1200, 9000),
  })
  fc.assert(
    fc.property(scene, ({ contents, used, gone, marked, ...limits }) => {
      const indexed = packsOf(...contents)
      const all = factsOf(indexed, used)
      const files = new Map([...all.files].filter(([packId]) => !gone.map(packIdOf).includes(packId)))
      const plan = planPrune(
        { ...all, files, marks: new Map(marked.map((pack) => [packIdOf(pack), nowMs - 2 * dayMs])) },
        { ...policy, ...limits },
      )
      for (const number of used) {
        const before = indexed.filter(({ packId, blobs }) => files.has(packId) && blobs.some(({ id }) => id === blobId(number)))
        const stays = before.some(({ packId }) => !plan.forget.has(packId) && !plan.remove.includes(packId))
        const owner = plan.ownerOf('data', blobId(number))
        const isStoredAnew = before.some(({ packId }) => plan.repack.includes(packId) && (owner ?? packId) === packId)
        expect(stays || isStoredAnew).toBe(before.length > 0)
      }
      for (const packId of plan.remove) expect(plan.forget.has(packId)).toBe(true)
    }),
    { numRuns: 1000 },
  )
})
