import fc from 'fast-check'
import { expect, it } from 'vitest'
import { encodePlaces, parseObjectInfo, placesOf } from '../../src/destinations/nats/object-info.ts'

const infoWith = (places: string | undefined, chunks: number) => ({
  name: 'config',
  nuid: 'A1',
  size: 1,
  chunks,
  ...(places === undefined ? {} : { metadata: { nightshift_chunks: places } }),
})

it('notes where chunks are, shortly, and finds them again', () => {
  expect(encodePlaces([120, 121, 122, 200])).toBe('120+3 200')
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 400 })), (numbers) => {
      const places = numbers.toSorted((a, b) => a - b)
      expect(placesOf(infoWith(encodePlaces(places), places.length))).toEqual(places)
    }),
  )
})

it('believes no note that makes no sense', () => {
  for (const [note, chunks] of [
    [undefined, 1],
    ['1+2', 3],
    ['1+4', 3],
    ['1+9999999 1+9999999', 3],
    ['-1', 1],
    ['1,2', 2],
    ['x', 1],
  ] as const)
    expect({ note, places: placesOf(infoWith(note, chunks)) }).toEqual({ note, places: undefined })
})

it('takes only what describes an object for a description', () => {
  expect(parseObjectInfo(Buffer.from(JSON.stringify(infoWith(undefined, 1))))).toMatchObject({ name: 'config', chunks: 1 })
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (bytes) => parseObjectInfo(bytes) === undefined,
    ),
  )
  for (const wrong of [{ nuid: 'a.>' }, { size: -1 }, { chunks: 1.5 }, { name: 7 }])
    expect(parseObjectInfo(Buffer.from(JSON.stringify({ ...infoWith(undefined, 1), ...wrong })))).toBeUndefined()
})
