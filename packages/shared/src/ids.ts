import { createHash } from 'node:crypto'
import { encodeTime, monotonicFactory } from 'ulid'

const nextUlid = monotonicFactory()

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
