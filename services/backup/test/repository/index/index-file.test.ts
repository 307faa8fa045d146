import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeIndex, parseIndex } from '../../../src/repository/index/index-file.ts'
import { outcomeOf } from '../outcome.ts'

const id = 'ab'.repeat(32)
const blob = { id, type: 'data', offset: 0, length: 100, uncompressed_length: 500 }
const document = { packs: [{ id, blobs: [blob] }] }

test('an index is read as it was written', () => {
  const packs = [
    {
      packId: id,
      blobs: [
        { type: 'data', id: 'cd'.repeat(32), offset: 0, lengthBytes: 50, plainBytes: null },
        { type: 'tree', id: 'ef'.repeat(32), offset: 50, lengthBytes: 60, plainBytes: 1000 },
      ],
    },
  ] as const
  expect(parseIndex(JSON.parse(JSON.stringify(encodeIndex(packs))))).toEqual(packs)
  expect(parseIndex({ packs: null })).toEqual([])
})

test('sizes that would make us read or take memory without bound are refused', () => {
  const changes = [
    { length: 2 ** 31 },
    { length: 31 },
    { length: -1 },
    { offset: 2 ** 32 },
    { offset: 0.5 },
    { uncompressed_length: 2 ** 40 },
    { type: 'x' },
  ]
  for (const change of changes)
    expect(() => parseIndex({ packs: [{ id, blobs: [{ ...blob, ...change }] }] })).toThrow(
      expect.objectContaining({ code: 'index_damaged' }),
    )
})

test('whatever an index holds, it is refused by a code', () => {
  const mutated = fc.tuple(fc.constantFrom(...Object.keys(blob)), fc.jsonValue()).map(([name, value]) => ({
    packs: [{ id, blobs: [{ ...blob, [name]: value }] }],
  }))
  const outer = fc
    .tuple(fc.constantFrom('id', 'blobs'), fc.jsonValue())
    .map(([name, value]) => ({ packs: [{ ...document.packs[0], [name]: value }] }))
  fc.assert(
    fc.property(fc.oneof(mutated, outer, fc.jsonValue()), (value) => {
      const packs = outcomeOf(() => parseIndex(value)) ?? []
      for (const { lengthBytes } of packs.flatMap((pack) => pack.blobs)) expect(lengthBytes).toBeGreaterThanOrEqual(32)
    }),
    { numRuns: 1000 },
  )
})
