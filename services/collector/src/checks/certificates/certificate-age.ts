const dayMs = 86_400_000

/** Time left until a certificate expires; negative afterwards. Certificates and wall clocks are compared, there is no other way. */
function remainingMs(endsMs: number): number {
  return endsMs - Date.now()
}

/** What the detail of a check says of a certificate. */
export function certificateDetail(endsMs: number): { cert_expires_seconds: number; cert_expires_time: string } {
  return { cert_expires_seconds: Math.round(remainingMs(endsMs) / 1000), cert_expires_time: new Date(endsMs).toISOString() }
}

/** How near the end is: `warning` within `warn_remaining`, `critical` within `min_remaining`. */
export function severityOf(endsMs: number, keys: { min_remaining: number; warn_remaining: number }): 'ok' | 'warning' | 'critical' {
  const leftMs = remainingMs(endsMs)
  if (leftMs < keys.min_remaining) return 'critical'
  return leftMs < keys.warn_remaining ? 'warning' : 'ok'
}

/** What is wrong with the time a certificate has left, or undefined. */
export function judgeRemaining(endsMs: number, minRemainingMs: number, what: string): string | undefined {
  const leftMs = remainingMs(endsMs)
  const date = new Date(endsMs).toISOString().slice(0, 10)
  if (leftMs <= 0) return `${what} expired ${daysText(-leftMs)} ago (${date}): renew it and reload the server`
  if (leftMs >= minRemainingMs) return undefined
  return `${what} expires in ${daysText(leftMs)} (${date}), sooner than ${daysText(minRemainingMs)}: renew it`
}

/** `12 days`, `3 hours`: certificates are thought of in days. */
export function daysText(ms: number): string {
  const [amount, unit] = ms >= dayMs ? [ms / dayMs, 'day'] : ms >= 3_600_000 ? [ms / 3_600_000, 'hour'] : [ms / 60_000, 'minute']
  const whole = Math.floor(amount)
  return `${whole} ${unit}${whole === 1 ? '' : 's'}`
}
