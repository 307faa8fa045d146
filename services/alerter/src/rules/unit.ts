import { readsCounter, type Window } from './take.ts'

const units = ['bytes', 'seconds', 'celsius', 'ratio', 'percent'] as const

/**
 * A name whose end says the unit of what a rule judges, when that is not the metric as it is: `read_bytes_per_second` for the rate of
 * `read_bytes_total`, `x_ratio` for one count by another.
 */
export function unitOfValue(field: string, window: Window | null, per: string | null): string {
  const taken = window === null ? field : unitOfTaken(field, window)
  return per === null ? taken : unitOfRatio(taken, window === null ? per : unitOfTaken(per, window))
}

function unitOfTaken(field: string, { take }: Window): string {
  if (take === 'count') return 'count'
  if (take === 'full_in') return 'full_in_seconds'
  if (!readsCounter(take)) return field
  const plain = field.replace(/_total$/, '')
  if (take === 'increase') return plain
  return plain.endsWith('_seconds') ? `${plain}_ratio` : `${plain}_per_second`
}

function unitOfRatio(above: string, below: string): string {
  const [unit, divisor] = [unitIn(above), unitIn(below)]
  if (unit === divisor) return 'x_ratio'
  return divisor === undefined && unit !== undefined ? `x_${unit}` : 'x'
}

function unitIn(field: string): string | undefined {
  const plain = field.replace(/_(?:total|per_second)$/g, '').replace(/_total$/, '')
  return units.find((unit) => plain.endsWith(`_${unit}`))
}
