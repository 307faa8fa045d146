const sizeUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** A value in the unit that its field's name ends with, as a person writes it: 0.932 of `usage_ratio` is `93.2%`. */
export function quantityText(field: string, value: number): string {
  if (field.endsWith('_ratio')) return `${short(value * 100)}%`
  if (field.endsWith('_bytes_per_second')) return `${sizeText(value)}/s`
  if (field.endsWith('_bytes') || field.endsWith('_bytes_total')) return sizeText(value)
  if (field.endsWith('_seconds')) return Math.abs(value) < 1 ? `${short(value * 1000)} ms` : `${short(value)} s`
  if (field.endsWith('_celsius')) return `${short(value)} °C`
  if (field.endsWith('_per_second')) return `${short(value)}/s`
  return short(value)
}

function sizeText(bytes: number): string {
  let amount = bytes
  let unit = 0
  while (Math.abs(amount) >= 1024 && unit < sizeUnits.length - 1) {
    amount /= 1024
    unit++
  }
  return `${short(amount)} ${sizeUnits[unit] ?? 'B'}`
}

function short(value: number): string {
  return String(Number(value.toPrecision(Math.abs(value) >= 1000 ? 6 : 4)))
}
