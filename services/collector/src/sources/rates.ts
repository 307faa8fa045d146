/** Six decimals: more are noise and bytes on the wire. */
export function round(value: number): number {
  return Math.round(value * 1e6) / 1e6
}

/** A share of a whole, within 0 and 1; null without a whole. */
export function ratio(part: number, whole: number): number | null {
  return whole > 0 ? round(Math.min(1, Math.max(0, part / whole))) : null
}

/**
 * What each counter of one thing grew by per second. All null when there is nothing to compare with, or when any of them went backwards:
 * a driver that was loaded anew, or a device that took over the name, starts all its counters again.
 */
export function ratesPerSecond<K extends string>(
  previous: Readonly<Record<K, number>> | undefined,
  current: Readonly<Record<K, number>>,
  intervalSeconds: number | null,
): Record<K, number | null> {
  const names = Object.keys(current) as K[]
  const wasReset = previous !== undefined && names.some((name) => current[name] < previous[name])
  const rates = {} as Record<K, number | null>
  for (const name of names) {
    const comparable = previous !== undefined && intervalSeconds !== null && intervalSeconds > 0 && !wasReset
    rates[name] = comparable ? round((current[name] - previous[name]) / intervalSeconds) : null
  }
  return rates
}

/** Counters as fields: of each `name` a `name_total` and its `name_per_second`. One the kernel does not have is left out. */
export function counterFields(
  previous: Readonly<Record<string, number | undefined>> | undefined,
  current: Readonly<Record<string, number | undefined>>,
  intervalSeconds: number | null,
): Record<string, number | null> {
  const fields: Record<string, number | null> = {}
  for (const [name, value] of Object.entries(current)) {
    if (value === undefined) continue
    const before = previous?.[name]
    fields[`${name}_total`] = value
    fields[`${name}_per_second`] = ratesPerSecond(
      before === undefined ? undefined : { name: before },
      { name: value },
      intervalSeconds,
    ).name
  }
  return fields
}

/** Counters as the kernel prints them; undefined when one of them is none. */
export function parseCounters(texts: readonly (string | undefined)[]): number[] | undefined {
  const values = texts.map((text) => (text === undefined || !/^\d{1,20}$/.test(text) ? Number.NaN : Number(text)))
  return values.some(Number.isNaN) ? undefined : values
}
