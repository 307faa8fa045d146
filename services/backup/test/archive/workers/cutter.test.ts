import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Cutter } from '../../../src/archive/workers/cutter.ts'
import type { ChunkPolicy } from '../../../src/repository/chunker/chunk-policy.ts'
import { randomPolynomial } from '../../../src/repository/chunker/polynomial.ts'
import { createRabin } from '../../../src/repository/kernels/rabin.ts'

const polynomial = randomPolynomial()
const material = randomBytes(12_000_000)

/** The pieces that a file is cut into when its bytes come in reads of these sizes, over and over. */
function cut(cutter: Cutter, pieces: Buffer[], policy: ChunkPolicy, file: Buffer, readSizes: readonly number[]): number[] {
  pieces.length = 0
  cutter.begin(policy)
  for (let at = 0, read = 0; at < file.length; read++) {
    const space = cutter.space()
    const taken = file.copy(space, 0, at, Math.min(file.length, at + (readSizes[read % readSizes.length] ?? 1)))
    at += taken
    cutter.filled(taken)
  }
  expect(cutter.end()).toHaveLength(pieces.length)
  expect(Buffer.concat(pieces).equals(file)).toBe(true)
  return pieces.map(({ length }) => length)
}

test('a file is cut in the same places however its bytes come, and none is lost', () => {
  const pieces: Buffer[] = []
  const cutter = new Cutter(polynomial, createRabin(polynomial), (plain) => `${pieces.push(Buffer.from(plain))}`)
  const policies: ChunkPolicy[] = [{ kind: 'rabin' }, { kind: 'small' }, { kind: 'fixed', sizeBytes: 16_384 }]
  const reads = fc.array(fc.integer({ min: 20_000, max: 1_100_000 }), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(fc.constantFrom(...policies), fc.nat(material.length), reads, (policy, sizeBytes, readSizes) => {
      const file = material.subarray(0, sizeBytes)
      const whole = cut(cutter, pieces, policy, file, [1024 ** 2])
      expect(cut(cutter, pieces, policy, file, readSizes)).toEqual(whole)
      const pageBytes = policy.kind === 'fixed' ? policy.sizeBytes : undefined
      expect(whole.slice(0, -1).filter((length) => pageBytes !== undefined && length !== pageBytes)).toEqual([])
    }),
    { numRuns: 25 },
  )
})
