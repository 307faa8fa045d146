import { createHash, randomFillSync } from 'node:crypto'
import { encodeTime, monotonicFactory } from 'ulid'

/** An id takes 16 random bytes, one at a time; asking the kernel's generator for each cost more than all else a collector does in a tick. */
const pool = Buffer.allocUnsafeSlow(1024)
let taken = pool.length

function nextRandom(): number {
  if (taken === pool.length) {
    randomFillSync(pool)
    taken = 0
  }
  return pool.readUInt8(taken++) / 256
}

const nextUlid = monotonicFactory(nextRandom)

/** A new event id: 26 characters, unique, sortable by creation time (ULID). */
export function newId(epochMs: number): string {
  return nextUlid(epochMs)
}

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/**
 * An id that the same facts always produce: a ULID whose random part is a hash of `facts`. Work that is repeated after a crash
 * publishes under the same id, and readers drop the second copy.
 */
export function derivedId(epochMs: number, ...facts: string[]): string {
  const digest = createHash('sha256').update(facts.join('\u0000')).digest()
  const random = Array.from(digest.subarray(0, 16), (byte) => crockford[byte % 32]).join('')
  return encodeTime(epochMs, 10) + random
}
