const nsPerSecond = 1_000_000_000n
/** Seconds of the first and last instant that RFC 3339 can write: years 0 to 9999. */
const firstSecond = BigInt(Date.parse('0000-01-01T00:00:00Z') / 1000)
const lastSecond = BigInt(Date.parse('9999-12-31T23:59:59Z') / 1000)

const pattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/

/** Neighbours in a folder were often written in the same second. */
let lastText = { second: 0n, text: '1970-01-01T00:00:00' }

/** RFC 3339 in UTC with as many digits as needed, as Go writes a time; years outside 0 to 9999 are cut to the nearest instant inside. */
export function formatTimeNs(timeNs: bigint): string {
  let second = timeNs / nsPerSecond
  let ns = timeNs % nsPerSecond
  // Division cuts towards zero; an instant before 1970 counts its nanoseconds upwards like any other.
  if (ns < 0n) {
    second -= 1n
    ns += nsPerSecond
  }
  if (second < firstSecond) [second, ns] = [firstSecond, 0n]
  if (second > lastSecond) [second, ns] = [lastSecond, nsPerSecond - 1n]
  if (lastText.second !== second) lastText = { second, text: new Date(Number(second) * 1000).toISOString().slice(0, 19) }
  if (ns === 0n) return `${lastText.text}Z`
  return `${lastText.text}.${String(ns).padStart(9, '0').replace(/0+$/, '')}Z`
}

/** Most times of a repository are in UTC; the second is worked out once for all that lie in it. */
let lastParsed = { text: '1970-01-01T00:00:00', ms: 0 }

/** Nanoseconds since 1970 of an RFC 3339 time; undefined when it is none. */
export function parseTimeNs(text: string): bigint | undefined {
  const match = pattern.exec(text)
  if (match === null) return undefined
  const [, instant = '', fraction = '', zone = 'Z'] = match
  const ms = zone === 'Z' && instant === lastParsed.text ? lastParsed.ms : Date.parse(instant + zone)
  if (Number.isNaN(ms)) return undefined
  if (zone === 'Z') lastParsed = { text: instant, ms }
  const ns = Number(fraction) * 10 ** (9 - fraction.length)
  return BigInt(ms) * 1_000_000n + BigInt(Math.round(ns))
}
