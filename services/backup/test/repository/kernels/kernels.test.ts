import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildKernels } from '../../../../../scripts/build-kernels.mjs'
import { modulo, randomPolynomial } from '../../../src/repository/chunker/polynomial.ts'
import { createPoly1305 } from '../../../src/repository/kernels/poly1305.ts'
import { createRabin } from '../../../src/repository/kernels/rabin.ts'

const kinds = ['wasm', 'script'] as const

test('the committed kernels are what their sources compile to', async () => {
  const committed = await readFile(new URL('../../../src/repository/kernels/bytes.ts', import.meta.url), 'utf8')
  expect(committed).toBe(await buildKernels())
})

/** RFC 8439, section 2.5.2 and appendix A.3: key, message, tag. */
const ietf =
  'Any submission to the IETF intended by the Contributor for publication as all or part of an IETF Internet-Draft or RFC and any ' +
  'statement made within the context of an IETF activity is considered an "IETF Contribution". Such statements include oral statements ' +
  'in IETF sessions, as well as written and electronic communications made at any time or place, which are addressed to'
const zeros = (count: number): string => '00'.repeat(count)
const text = (message: string): string => Buffer.from(message).toString('hex')
const vectors: [name: string, key: string, message: string, tag: string][] = [
  [
    '2.5.2',
    '85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b',
    text('Cryptographic Forum Research Group'),
    'a8061dc1305136c6c22b8baf0c0127a9',
  ],
  ['A.3 1', zeros(32), zeros(64), zeros(16)],
  ['A.3 2', `${zeros(16)}36e5f6b5c5e06070f0efca96227a863e`, text(ietf), '36e5f6b5c5e06070f0efca96227a863e'],
  ['A.3 3', `36e5f6b5c5e06070f0efca96227a863e${zeros(16)}`, text(ietf), 'f3477e7cd95417af89a6b8794c310cf0'],
  [
    'A.3 4',
    '1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0',
    text(
      "'Twas brillig, and the slithy toves\nDid gyre and gimble in the wabe:\nAll mimsy were the borogoves,\nAnd the mome raths outgrabe.",
    ),
    '4541669a7eaaee61e708dc7cbcc5eb62',
  ],
  ['A.3 5', `02${zeros(31)}`, 'ff'.repeat(16), `03${zeros(15)}`],
  ['A.3 6', `02${zeros(15)}${'ff'.repeat(16)}`, `02${zeros(15)}`, `03${zeros(15)}`],
  ['A.3 7', `01${zeros(31)}`, `${'ff'.repeat(16)}f0${'ff'.repeat(15)}11${zeros(15)}`, `05${zeros(15)}`],
  ['A.3 8', `01${zeros(31)}`, `${'ff'.repeat(16)}fb${'fe'.repeat(15)}${'01'.repeat(16)}`, zeros(16)],
  ['A.3 9', `02${zeros(31)}`, `fd${'ff'.repeat(15)}`, `fa${'ff'.repeat(15)}`],
  [
    'A.3 10',
    `0100000000000000040000000000000000000000000000000000000000000000`,
    'e33594d7505e43b900000000000000003394d7505e4379cd01000000000000000000000000000000000000000000000001000000000000000000000000000000',
    '14000000000000005500000000000000',
  ],
  [
    'A.3 11',
    `0100000000000000040000000000000000000000000000000000000000000000`,
    'e33594d7505e43b900000000000000003394d7505e4379cd010000000000000000000000000000000000000000000000',
    '13000000000000000000000000000000',
  ],
]

function tagOf(kind: (typeof kinds)[number], key: Uint8Array, message: Uint8Array): string {
  const tag = Buffer.alloc(16)
  createPoly1305(kind).tag(message, key.subarray(0, 16), key.subarray(16, 32), tag)
  return tag.toString('hex')
}

describe.each(kinds)('poly1305 in %s', (kind) => {
  test.each(vectors)('gives the tag of RFC 8439 %s', (_name, key, message, tag) => {
    expect(tagOf(kind, Buffer.from(key, 'hex'), Buffer.from(message, 'hex'))).toBe(tag)
  })
})

/** By the definition, with numbers of any length. */
function tagByDefinition(key: Uint8Array, message: Uint8Array): string {
  const number = (bytes: Uint8Array): bigint => bytes.reduceRight((sum, byte) => (sum << 8n) + BigInt(byte), 0n)
  const r = number(key.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn
  let sum = 0n
  for (let from = 0; from < message.length; from += 16) {
    const block = message.subarray(from, from + 16)
    sum = ((sum + number(block) + (1n << BigInt(8 * block.length))) * r) % ((1n << 130n) - 5n)
  }
  const tag = (sum + number(key.subarray(16, 32))) & ((1n << 128n) - 1n)
  return Buffer.from(tag.toString(16).padStart(32, '0'), 'hex').reverse().toString('hex')
}

test('poly1305 of any bytes is what the definition says, in both kernels, also with bytes that make the most carries', () => {
  const byte = fc.oneof(fc.constantFrom(0, 255, 251), fc.nat(255))
  const bytes = (minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> =>
    fc.array(byte, { minLength, maxLength }).map((values) => Uint8Array.from(values))
  fc.assert(
    fc.property(bytes(32, 32), bytes(0, 200), (key, message) => {
      const expected = tagByDefinition(key, message)
      expect([tagOf('wasm', key, message), tagOf('script', key, message)]).toEqual([expected, expected])
    }),
    { numRuns: 500 },
  )
})

test('poly1305 of a message longer than a piece of the kernel is the same in both', () => {
  const message = Buffer.alloc(100_003, 'abc')
  const key = Buffer.alloc(32, 7)
  expect(tagOf('wasm', key, message)).toBe(tagByDefinition(key, message))
})

test('rabin finds the same cuts in both kernels as the hash of each window by itself', () => {
  const polynomial = randomPolynomial()
  const [wasm, script] = [createRabin(polynomial, 'wasm'), createRabin(polynomial, 'script')]
  const digestAt = (bytes: Uint8Array, end: number): bigint =>
    modulo(
      bytes.subarray(end - 64, end).reduce((sum, byte) => (sum << 8n) + BigInt(byte), 0n),
      polynomial,
    )
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 200, maxLength: 3000, size: 'max' }), fc.integer({ min: 4, max: 9 }), (bytes, maskBits) => {
      const mask = (1n << BigInt(maskBits)) - 1n
      let expected = 0
      for (let end = 101; end <= bytes.length && expected === 0; end++) if ((digestAt(bytes, end) & mask) === 0n) expected = end
      expect(wasm.scan(bytes, 100, bytes.length, maskBits)).toBe(expected)
      expect(script.scan(bytes, 100, bytes.length, maskBits)).toBe(expected)
    }),
    { numRuns: 60 },
  )
})
