import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blobIdOf } from '../../../src/repository/blob.ts'
import { maxChunkBytes } from '../../../src/repository/chunker/chunk-policy.ts'
import type { ChunkPolicy } from '../../../src/repository/chunker/chunk-policy.ts'
import { createChunker } from '../../../src/repository/chunker/chunker.ts'
import { isChunkerPolynomial, isIrreducible, randomPolynomial } from '../../../src/repository/chunker/polynomial.ts'
import { createRabin } from '../../../src/repository/kernels/rabin.ts'
import { keystream } from '../keystream.ts'

const polynomial = 0x34854ae4e47e41n

/** How restic 0.19.1 cut the first 24 MiB of the key stream with this polynomial. */
const resticChunks = [
  '22aef15eac281da6745ff22ac1fe66ced3a1051fb6a04313caf8ba7113e2f316',
  '14a4c339f307493fee5875eec13bd481049155335b7878a40958f7735dfa3517',
  'dfb48809457bdaa27c7cf566cc995b908932f96f2707e22de3e020e834ee67de',
  '1df28543f4b528db7e18c29c548a424fce9a689f67b4646ff779cb6e97d0d930',
  '8ed9704daab8e1e2ea8f2d52c7c6a22fe56617fd50f7cb914f3ec725080db471',
  '98fbf44dbd87ff3291ea4347f30adccfd6cde144884b73db1f66b851a2a4c864',
  '08c03d26dd877c61e964f37cca04aba4e097d8baab24ba5ae74fcca4640c587b',
  'dca33586f42af123ea367c7030de0d6d72eb52744dc82f6ad7866159a1e06f22',
  '7b398b7abb5eac5acdb7d082865af230ea6e7fead565d41981a38397db8bc6a7',
  '36e35500ffb792403bf30ec06bcf9a7d626339ec30a46502bc35a0c199465f96',
  'ba44e44b6a83065ea91dc90e9295b384f5246e641b2d5220a5bfc44bb9cff1e2',
  '17ad0cb55a553aac58c24f77cbc8d4cba1b9de5a6508c8be21aec2d2ccd9759c',
]

/** Ends of all chunks when the file arrives in reads of these sizes, again and again. */
function cutAll(policy: ChunkPolicy, bytes: Uint8Array, readSizes: readonly number[], kind: 'wasm' | 'script' = 'wasm'): number[] {
  const chunker = createChunker(policy, polynomial, createRabin(polynomial, kind))
  const ends: number[] = []
  let [start, end, reads] = [0, 0, 0]
  while (start < bytes.length) {
    const length = chunker.cut(bytes.subarray(start, end), end === bytes.length)
    if (length > 0) ends.push((start += length))
    else end = Math.min(bytes.length, end + (readSizes[reads++ % readSizes.length] ?? 1))
  }
  return ends
}

test.each(['wasm', 'script'] as const)('a file is cut where restic cuts it (%s)', (kind) => {
  const bytes = keystream(24 * 1024 * 1024)
  const ends = cutAll({ kind: 'rabin' }, bytes, [bytes.length], kind)
  expect(ends.map((end, at) => blobIdOf(bytes.subarray(ends[at - 1] ?? 0, end)))).toEqual(resticChunks)
})

describe.each<ChunkPolicy>([{ kind: 'small' }, { kind: 'fixed', sizeBytes: 16_384 }])('the policy $kind', (policy) => {
  const bytes = keystream(700_001, 3)

  test('cuts in the same places however the bytes arrive', () => {
    const whole = cutAll(policy, bytes, [bytes.length])
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 500, max: 200_000 }), { minLength: 1, maxLength: 5 }), (sizes) => {
        expect(cutAll(policy, bytes, sizes)).toEqual(whole)
      }),
      { numRuns: 30 },
    )
  })

  test('makes no chunk longer than it says, and only the last one shorter', () => {
    const ends = cutAll(policy, bytes, [bytes.length])
    const lengths = ends.map((end, at) => end - (ends[at - 1] ?? 0))
    expect(ends.at(-1)).toBe(bytes.length)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(maxChunkBytes(policy))
    expect(Math.min(...lengths.slice(0, -1))).toBeGreaterThanOrEqual(16_384)
  })
})

test('bytes that never give a cut are cut at the longest length, and no bytes give no chunk', () => {
  expect(cutAll({ kind: 'small' }, Buffer.alloc(300_000, 1), [4096])).toEqual([131_072, 262_144, 300_000])
  expect(createChunker({ kind: 'rabin' }, polynomial).cut(Buffer.alloc(0), true)).toBe(0)
})

test('a file that is given up leaves nothing behind for the next', () => {
  const bytes = keystream(400_000, 5)
  const chunker = createChunker({ kind: 'small' }, polynomial)
  const expected = chunker.cut(bytes, true)
  chunker.cut(bytes.subarray(0, expected - 1), false)
  chunker.reset()
  expect(chunker.cut(bytes, true)).toBe(expected)
})

test('a byte put in near the start moves cuts, and leaves the chunks behind it as they were', () => {
  const bytes = keystream(3_000_000, 9)
  const changed = Buffer.concat([bytes.subarray(0, 1000), Buffer.of(1), bytes.subarray(1000)])
  const ids = (file: Buffer): string[] => {
    const ends = cutAll({ kind: 'small' }, file, [file.length])
    return ends.map((end, at) => blobIdOf(file.subarray(ends[at - 1] ?? 0, end)))
  }
  const before = new Set(ids(bytes))
  const after = ids(changed)
  expect(after.filter((id) => !before.has(id)).length).toBeLessThanOrEqual(4)
  expect(after.length).toBeGreaterThan(40)
})

test('polynomials are of degree 53 and irreducible, and products are not', () => {
  const drawn = Array.from({ length: 5 }, randomPolynomial)
  expect(drawn.every(isChunkerPolynomial)).toBe(true)
  // x^2 + x + 1 is irreducible, x^2 + 1 = (x + 1)^2 is not, and neither is long enough.
  expect([0b111n, 0b101n, 0b1011n, 0b1111n].map(isIrreducible)).toEqual([true, false, true, false])
  expect([0b111n, 0n, 1n, 1n << 53n, (1n << 54n) | 1n].some(isChunkerPolynomial)).toBe(false)
})
