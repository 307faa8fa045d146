import type { Tracked, Watch } from './alert-book.ts'

/** A thing that is absent from so many messages in a row is gone. */
const goneAfter = 3
/** A pause is a gap when it is longer than this and three times as long as the pause before. */
const leastGapMs = 15_000
const gapFactor = 3

/**
 * Notes that a message of this time came, and returns how long nobody could see before it: 0 when messages came as they do. A source's
 * pace is not known, it is seen.
 */
export function sight(watch: Watch, atMs: number): number {
  const { lastMs, stepMs, blindSinceMs } = watch
  const pauseMs = lastMs === undefined ? undefined : atMs - lastMs
  if (pauseMs === 0) return watch.gapMs
  watch.lastMs = atMs
  watch.blindSinceMs = undefined
  if (pauseMs !== undefined && pauseMs > 0) watch.stepMs = pauseMs
  if (blindSinceMs !== undefined) watch.gapMs = Math.max(0, atMs - blindSinceMs)
  else watch.gapMs = isGap(pauseMs, stepMs) ? pauseMs : 0
  return watch.gapMs
}

/** Notes that a value of this time can be judged, and returns how long nobody could see it: messages in which it was unreadable are no sight. */
export function judgedAgain(tracked: Tracked, atMs: number, gapMs: number): number {
  const { unjudgedSinceMs: sinceMs, watch } = tracked
  tracked.judgedMs = atMs
  tracked.unjudgedSinceMs = undefined
  const unjudgedMs = sinceMs === undefined ? undefined : atMs - sinceMs
  return isGap(unjudgedMs, watch.stepMs) ? Math.max(gapMs, unjudgedMs) : gapMs
}

function isGap(pauseMs: number | undefined, stepMs: number | undefined): pauseMs is number {
  return pauseMs !== undefined && stepMs !== undefined && pauseMs > leastGapMs && pauseMs > gapFactor * stepMs
}

/**
 * The alerts of a watch that have been absent from enough messages in a row. A message in several parts counts when all of them came;
 * when one is lost, nothing is known and the counts stay as they are.
 */
export function findGone(watch: Watch, message: { atMs: number; part: number; parts: number; present: Iterable<string> }): Tracked[] {
  if (watch.tick?.atMs !== message.atMs) watch.tick = { atMs: message.atMs, parts: new Set(), present: new Set(), isDone: false }
  const { tick } = watch
  tick.parts.add(message.part)
  for (const key of message.present) if (watch.alerts.has(key)) tick.present.add(key)
  if (tick.isDone || tick.parts.size < message.parts) return []
  tick.isDone = true
  const gone: Tracked[] = []
  for (const tracked of watch.alerts.values()) {
    tracked.missing = tick.present.has(tracked.key) ? 0 : tracked.missing + 1
    if (tracked.missing >= goneAfter) gone.push(tracked)
  }
  return gone
}
