/**
 * The one source of time. Decisions take `now` as an argument; effects take a Clock, so that tests turn it by hand.
 */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. */
  now(): number
  /** Monotonic clock in milliseconds; only differences mean something. */
  monotonicMs(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
}

/** ISO 8601 in UTC with milliseconds, as every `time` field on the bus. */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
