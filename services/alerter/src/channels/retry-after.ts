/** Nobody can silence us for longer. */
const longestMs = 3_600_000

/** How long a `Retry-After` header asks to wait, in seconds or as a date (RFC 9110, 10.2.3); undefined when it says nothing we understand. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined
  const text = header.trim()
  const waitMs = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : /^[A-Z][a-z]{2},/.test(text) ? Date.parse(text) - nowMs : Number.NaN
  return Number.isNaN(waitMs) ? undefined : Math.min(longestMs, Math.max(0, waitMs))
}
