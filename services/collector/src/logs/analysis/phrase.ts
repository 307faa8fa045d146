/** `1 request`, `3 requests`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** `0.25 s`, `90 s`, `5 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds >= 120 && seconds % 60 === 0) return `${seconds / 60} min`
  return `${Number(seconds.toPrecision(3))} s`
}
