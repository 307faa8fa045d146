import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createPoly1305 } from '../../src/repository/kernels/poly1305.ts'
import { createMasterKey } from '../../src/repository/master-key.ts'
import { Seal, sealBytes } from '../../src/repository/seal.ts'

const keys = createMasterKey()

test('what is sealed opens again, with either kernel, and is 32 bytes longer', () => {
  const [wasm, script] = [new Seal(keys, createPoly1305('wasm')), new Seal(keys, createPoly1305('script'))]
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), (plain) => {
      const sealed = wasm.seal(plain)
      expect(sealed.length).toBe(plain.length + sealBytes)
      expect(script.open(sealed).equals(plain)).toBe(true)
      expect(wasm.open(script.seal(plain)).equals(plain)).toBe(true)
    }),
    { numRuns: 50 },
  )
})

test('one flipped bit anywhere, a missing byte, other keys and other bytes altogether are all refused', () => {
  const seal = new Seal(keys)
  const sealed = seal.seal(Buffer.from('the quick brown fox'))
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = Buffer.from(sealed)
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(() => seal.open(changed)).toThrow(expect.objectContaining({ code: 'seal_broken' }))
  }
  expect(() => seal.open(sealed.subarray(0, -1))).toThrow(expect.objectContaining({ code: 'seal_broken' }))
  expect(() => new Seal(createMasterKey()).open(sealed)).toThrow(expect.objectContaining({ code: 'seal_broken' }))
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(() => seal.open(bytes)).toThrow(expect.objectContaining({ code: 'seal_broken' }))
    }),
  )
})

test('no initial vector comes twice', () => {
  const seal = new Seal(keys)
  const vectors = new Set(Array.from({ length: 2000 }, () => seal.seal(Buffer.of(1)).toString('hex', 0, 16)))
  expect(vectors.size).toBe(2000)
})
