import { ratio, round } from './rates.ts'
import type { Item } from './source.ts'

/** A value of a field: null when it cannot be read, undefined when there is no such thing here. */
export type Known = number | null | undefined

/** The fields without those that are undefined: absent says that there is no such thing here. */
export function knownFields(fields: Readonly<Record<string, Known>>): Item {
  return Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, number | null] => entry[1] !== undefined))
}

export function times(value: Known, factor: number): Known {
  return typeof value === 'number' ? round(value * factor) : value
}

/** A share of a whole, when both are known. */
export function shareOf(part: Known, whole: Known): Known {
  if (part === undefined || whole === undefined) return undefined
  return part === null || whole === null ? null : ratio(part, whole)
}
