import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { planRanges, type NeededBlob } from '../../../src/restore/tree/pack-ranges.ts'

function blobAt(packId: string, offset: number, lengthBytes: number): NeededBlob {
  return { id: `${packId}-${offset}`, place: { packId, type: 'data', offset, lengthBytes, plainBytes: null }, places: [] }
}

describe('the ranges of packs that are read', () => {
  test('hold neighbours together, skip what is not needed, and end where they get long', () => {
    const far = 10 * 1024 ** 2
    const blobs = [
      blobAt('a', 1000, 500),
      blobAt('a', 0, 900),
      blobAt('a', far, 3_000_000),
      blobAt('a', far + 3_000_000, 3_000_000),
      blobAt('b', 5, 5),
    ]
    expect([...planRanges(blobs, ['b', 'a'])].map(({ packId, offset, lengthBytes }) => [packId, offset, lengthBytes])).toEqual([
      ['b', 5, 5],
      ['a', 0, 1500],
      ['a', far, 3_000_000],
      ['a', far + 3_000_000, 3_000_000],
    ])
  })

  test('have every blob once, whatever is needed', () => {
    const blob = fc.record({ pack: fc.constantFrom('a', 'b', 'c'), slot: fc.nat(200), sizeBytes: fc.integer({ min: 33, max: 60_000 }) })
    fc.assert(
      fc.property(fc.uniqueArray(blob, { selector: ({ pack, slot }) => `${pack}${slot}` }), (wanted) => {
        const blobs = wanted.map(({ pack, slot, sizeBytes }) => blobAt(pack, slot * 60_000, sizeBytes))
        const ranges = [...planRanges(blobs, ['c', 'a', 'b'])]
        expect(ranges.flatMap((range) => range.blobs.map(({ id }) => id)).toSorted()).toEqual(blobs.map(({ id }) => id).toSorted())
        for (const { offset, lengthBytes, blobs: inside } of ranges) {
          for (const { place } of inside) {
            expect(place.offset).toBeGreaterThanOrEqual(offset)
            expect(place.offset + place.lengthBytes).toBeLessThanOrEqual(offset + lengthBytes)
          }
        }
      }),
    )
  })
})
