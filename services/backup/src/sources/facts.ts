import type { Facts } from './source.ts'

export interface FactMismatch {
  readonly fact: string
  readonly expected: number | string
  readonly found: number | string | null
}

export interface FactComparison {
  /** 0 means that nothing was verified. */
  readonly compared: number
  readonly mismatches: readonly FactMismatch[]
}

const comparable = /^(?:rows|keys|messages)(?:\.|$)/

/**
 * What was counted at backup beside what is found in a restored copy. Sizes and versions differ and are not compared. Keys of Redis may have
 * expired meanwhile, as many as had a time to live.
 */
export function compareFacts(expected: Facts, found: Facts): FactComparison {
  const names = Object.keys(expected).filter((name) => comparable.test(name))
  const mayBeGone = Number(expected['expiring_keys'] ?? 0)
  const mismatches = names.flatMap((fact): FactMismatch[] => {
    const [want, have] = [expected[fact], found[fact]]
    if (want === undefined || want === have) return []
    const isExpired = fact === 'keys' && typeof want === 'number' && typeof have === 'number' && have < want && want - have <= mayBeGone
    return isExpired ? [] : [{ fact, expected: want, found: have ?? null }]
  })
  return { compared: names.length, mismatches }
}
