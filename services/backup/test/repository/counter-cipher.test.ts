import { createCipheriv, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CounterCipher } from '../../src/repository/counter-cipher.ts'

/** Vectors just below an overflow of each 32-bit part of the counter, and any. */
const vectors = fc.oneof(
  fc
    .constantFrom('ff'.repeat(16), `00${'ff'.repeat(15)}`, `${'00'.repeat(8)}${'ff'.repeat(8)}`, `${'ab'.repeat(12)}fffffff0`)
    .map((hex) => Buffer.from(hex, 'hex')),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
)

test('bytes of any length come out as by AES-256-CTR of node:crypto, wherever they lie', () => {
  const key = randomBytes(32)
  const cipher = new CounterCipher(key)
  const input = randomBytes(20_000)
  fc.assert(
    fc.property(vectors, fc.oneof(fc.nat(300), fc.nat(20_000)), fc.nat(7), (iv, length, offset) => {
      const plain = input.subarray(offset, offset + length)
      const first = cipher.apply(iv, plain)
      cipher.apply(randomBytes(16), plain)
      expect(first.equals(createCipheriv('aes-256-ctr', key, iv).update(plain))).toBe(true)
    }),
    { numRuns: 300 },
  )
})
