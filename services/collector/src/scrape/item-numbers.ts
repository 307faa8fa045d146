import { isAppField } from '@nightshift/shared/metrics/app-item'

/** Keys of an item that are ours; a label of the application with such a name becomes `exported_<name>`, as in Prometheus. */
export function isOwnKey(name: string): boolean {
  return name === 'metric' || isAppField(name)
}

/** What JSON can carry: a number, or null for NaN and the infinities, which mean that there is no value. */
export function wireNumber(value: number): number | null {
  return Number.isFinite(value) ? value : null
}

/** What was computed, to six digits: more are noise and bytes on the wire. */
export function computedNumber(value: number | null): number | null {
  return value === null || !Number.isFinite(value) ? null : Number(value.toPrecision(6))
}
