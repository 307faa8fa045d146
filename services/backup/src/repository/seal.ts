import { createCipheriv, randomFillSync } from 'node:crypto'
import type { Cipheriv } from 'node:crypto'
import { ContractError } from '@nightshift/shared/errors'
import { CounterCipher } from './counter-cipher.ts'
import { createPoly1305 } from './kernels/poly1305.ts'
import type { Poly1305 } from './kernels/poly1305.ts'
import type { MasterKey } from './master-key.ts'
import { release } from './release.ts'

const ivBytes = 16
const tagBytes = 16

/** What sealing adds: the initial vector in front, the authentication tag behind. */
export const sealBytes = ivBytes + tagBytes

/** Random initial vectors are taken from the kernel's generator many at a time. */
const vectors = { pool: Buffer.allocUnsafeSlow(ivBytes * 256), used: ivBytes * 256 }

/**
 * Encrypts and authenticates as restic does: `IV || AES-256-CTR(plain) || Poly1305-AES(cipher text)`. Not shared between threads: each
 * makes its own from the same keys.
 */
export class Seal {
  readonly #cipher: CounterCipher
  readonly #r: Uint8Array
  readonly #nonceCipher: Cipheriv
  readonly #poly1305: Poly1305

  constructor(keys: MasterKey, poly1305: Poly1305 = createPoly1305()) {
    this.#cipher = new CounterCipher(keys.encrypt)
    this.#r = keys.macR
    // One cipher for the life of the process: making one takes ten times as long as enciphering the one block of each tag.
    this.#nonceCipher = createCipheriv('aes-128-ecb', keys.macK, null).setAutoPadding(false)
    this.#poly1305 = poly1305
  }

  seal(plain: Uint8Array): Buffer {
    const sealed = Buffer.allocUnsafeSlow(plain.length + sealBytes)
    this.sealInto(plain, sealed, 0)
    return sealed
  }

  /** Writes the sealed bytes into `target` from `offset` on, and says how many they are. */
  sealInto(plain: Uint8Array, target: Uint8Array, offset: number): number {
    const iv = nextVector()
    const tagAt = offset + ivBytes + plain.length
    target.set(iv, offset)
    const cipherText = this.#cipher.apply(iv, plain)
    target.set(cipherText, offset + ivBytes)
    release(cipherText)
    this.#tag(target.subarray(offset + ivBytes, tagAt), iv, target.subarray(tagAt, tagAt + tagBytes))
    return plain.length + sealBytes
  }

  /** ContractError `seal_broken` when a single bit is not as it was sealed, or the key is another one. */
  open(sealed: Uint8Array): Buffer {
    if (sealed.length < sealBytes) throw new ContractError('seal_broken', `${sealed.length} bytes are too few to be sealed bytes`)
    const iv = sealed.subarray(0, ivBytes)
    const cipherText = sealed.subarray(ivBytes, sealed.length - tagBytes)
    const expected = new Uint8Array(tagBytes)
    this.#tag(cipherText, iv, expected)
    if (!equalTags(expected, sealed.subarray(sealed.length - tagBytes)))
      throw new ContractError('seal_broken', 'the authentication tag does not fit: the bytes were changed, or sealed with another key')
    return this.#cipher.apply(iv, cipherText)
  }

  #tag(cipherText: Uint8Array, iv: Uint8Array, target: Uint8Array): void {
    this.#poly1305.tag(cipherText, this.#r, this.#nonceCipher.update(iv), target)
  }
}

/** Never all zero: restic refuses such a vector, and so does good sense. */
function nextVector(): Uint8Array {
  for (;;) {
    if (vectors.used === vectors.pool.length) {
      randomFillSync(vectors.pool)
      vectors.used = 0
    }
    const iv = vectors.pool.subarray(vectors.used, (vectors.used += ivBytes))
    if (iv.some((byte) => byte !== 0)) return iv
  }
}

/** In constant time, so that nobody learns from the clock how far a forged tag fits. */
function equalTags(a: Uint8Array, b: Uint8Array): boolean {
  let difference = 0
  for (let at = 0; at < tagBytes; at++) difference |= (a[at] ?? 0) ^ (b[at] ?? 0)
  return difference === 0
}
