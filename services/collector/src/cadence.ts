/**
 * The next point of the grid `origin + n * every` after `dueMs` was served at `nowMs`, and how many points were missed in between. Groups of
 * one cadence share a grid, so they are read on one tick; a late tick is not made up for.
 */
export function nextTick(originMs: number, everyMs: number, dueMs: number, nowMs: number): { dueMs: number; skipped: number } {
  const servedMs = Math.max(dueMs, nowMs)
  // The little extra keeps a due time that rounding left just below its grid point from being served twice.
  const nextMs = originMs + (Math.floor((servedMs - originMs) / everyMs + 1e-6) + 1) * everyMs
  return { dueMs: nextMs, skipped: Math.max(0, Math.round((nextMs - dueMs) / everyMs) - 1) }
}

/** A gap this many times the cadence means that the machine slept or the process was stopped: what lies between is no interval. */
const maxGap = 3

/** Seconds between two looks at a group, as far as rates over them mean something; null otherwise. */
export function comparableInterval(lastMs: number | undefined, nowMs: number, everyMs: number): number | null {
  if (lastMs === undefined || nowMs <= lastMs) return null
  return nowMs - lastMs > maxGap * everyMs ? null : (nowMs - lastMs) / 1000
}
