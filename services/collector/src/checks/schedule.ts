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

/** Time a run may take: as configured, else 5 s or the cadence when that is shorter. */
export function timeoutOf(check: { every: number; timeout?: number | undefined }): number {
  return check.timeout ?? Math.min(5000, check.every)
}
