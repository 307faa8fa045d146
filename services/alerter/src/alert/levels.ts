import type { Terms } from '../rules/rule.ts'
import { isWorse, severities, type Severity } from '../rules/severity.ts'
import type { Life, LevelProgress, Observation } from './life.ts'

type Levels = Life['levels']
type Reading = Extract<Observation, { kind: 'reading' }>

/**
 * The levels that are on after a reading. One that fires stays on until the value is clear; one on its way to firing needs the value
 * over its threshold all the time. Blind time is added to `held_ms`: it neither counts for `for` nor starts it anew.
 */
export function progress(levels: Levels, firing: Severity | undefined, reading: Reading): Levels {
  const next: Partial<Record<Severity, LevelProgress>> = {}
  for (const severity of severities) {
    const standing = reading.standings[severity]
    const level = levels[severity]
    const isFiring = level !== undefined && firing !== undefined && !isWorse(severity, firing)
    if (standing === 'over') next[severity] = carryOn(level, reading)
    else if (isFiring && standing === 'between') next[severity] = level
  }
  return next
}

/** A source whose clock was set back starts `for` anew: how long it has really been is not known. */
function carryOn(level: LevelProgress | undefined, reading: Reading): LevelProgress {
  if (level === undefined || reading.at < level.since_ms) return { since_ms: reading.at, held_ms: 0 }
  if (reading.gapMs === 0) return level
  // No more than there was: the clocks of host and alerter may differ.
  return { since_ms: level.since_ms, held_ms: Math.min(level.held_ms + reading.gapMs, reading.at - level.since_ms) }
}

export function worstOf(levels: Levels): Severity | undefined {
  return severities.find((severity) => levels[severity] !== undefined)
}

/** The worst level that fires: it has held for long enough by event time, or fires already. undefined: none does yet. */
export function firingSeverity(life: Life, terms: Terms, at: number): Severity | undefined {
  const isFiring = life.phase === 'firing'
  if (!isFiring && life.failures < terms.failures) return undefined
  return severities.find((severity) => {
    const level = life.levels[severity]
    if (level === undefined) return false
    return (isFiring && !isWorse(severity, life.severity)) || at - level.since_ms - level.held_ms >= terms.forMs
  })
}
