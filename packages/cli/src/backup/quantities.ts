const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** Bytes as a person reads them: `1.9 GiB`; `-` when they are not known. */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return '-'
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** power
  return `${power === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[power] ?? 'B'}`
}

/** A length of time in its two largest units: `3 h 12 min`; `-` when it is not known. */
export function lengthText(seconds: number | null): string {
  if (seconds === null) return '-'
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 60) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** `2026-11-21 02:00` in the zone; `-` when it is not known. */
export function timeText(iso: string | null, timezone: string): string {
  if (iso === null) return '-'
  const parts = new Intl.DateTimeFormat('sv-SE', {
    timeZone: timezone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  })
  return parts.format(Date.parse(iso))
}
