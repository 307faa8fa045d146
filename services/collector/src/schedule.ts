import { createHash } from 'node:crypto'

/** No check waits longer than this for its first run, however rare it is. */
const longestWaitMs = 10_000

/**
 * How long after the start a check runs first. Spread by name and host, so that many checks do not run in one moment, nor many hosts ask one
 * server in one moment; always the same, so that a restart does not shift it.
 */
export function firstDelayMs(host: string, check: string, everyMs: number): number {
  const share = createHash('sha256').update(`${host}\0${check}`).digest().readUInt32BE(0) / 2 ** 32
  return share * Math.min(everyMs, longestWaitMs)
}

/** Of the checks of one host, so many turns share the time of a cadence. */
const turnsPerCadence = 20
/** Checks that may come at once wait for each other: not for longer than this. */
const longestSlotMs = 500

/**
 * The next moment in which checks of this cadence begin together. To wake up, to warm the caches and to write to the bus costs as much as a
 * check; a few at once share it.
 */
export function slotAfter(atMs: number, everyMs: number): number {
  const slotMs = Math.min(longestSlotMs, everyMs / turnsPerCadence)
  return Math.ceil(atMs / slotMs) * slotMs
}

/** Time a run may take: as configured, else 5 s or the cadence when that is shorter. */
export function timeoutOf(check: { every: number; timeout?: number | undefined }): number {
  return check.timeout ?? Math.min(5000, check.every)
}
