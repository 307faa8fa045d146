/** How far to read back, from the end. */
export interface LookBack {
  sinceMs: number
  minMessages: number
  maxMessages: number
}

/** The part of a stream's state that tells how fast it grows. */
export interface Extent {
  firstSeq: number
  lastSeq: number
  /** When the stream took its first message, milliseconds since the epoch. */
  firstMs: number
}

/**
 * The sequence after which to begin. A stream can only be entered by sequence (nats-server 2.9), so the time is turned into messages by the
 * mean rate of what the stream holds.
 */
export function startAfter(extent: Extent, lookBack: LookBack, nowMs: number): number {
  const messages = extent.lastSeq - extent.firstSeq + 1
  if (messages <= 0 || extent.lastSeq === 0) return extent.lastSeq
  const ageMs = Math.max(1, nowMs - extent.firstMs)
  const inTime = lookBack.sinceMs >= ageMs ? messages : Math.ceil((messages / ageMs) * lookBack.sinceMs)
  const wanted = Math.min(messages, lookBack.maxMessages, Math.max(inTime, lookBack.minMessages))
  return extent.lastSeq - wanted
}
