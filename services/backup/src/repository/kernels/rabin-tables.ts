import { modulo, polynomialDegree } from '../chunker/polynomial.ts'

/** So many bytes, and no others, make the digest at a place. */
export const windowBytes = 64

export interface RabinTables {
  /** What brings a digest that was shifted by a byte back below x^53, by its top byte. */
  readonly mod: BigUint64Array
  /** What a byte still weighs when it leaves the window. */
  readonly out: BigUint64Array
}

export function rabinTablesOf(polynomial: bigint): RabinTables {
  const bytes = Array.from({ length: 256 }, (_, byte) => BigInt(byte))
  const degree = BigInt(polynomialDegree)
  return {
    mod: BigUint64Array.from(bytes, (byte) => modulo(byte << degree, polynomial) | (byte << degree)),
    out: BigUint64Array.from(bytes, (byte) => modulo(byte << BigInt(8 * windowBytes), polynomial)),
  }
}
