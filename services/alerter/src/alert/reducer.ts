import { derivedId } from '@nightshift/shared/ids'
import type { Terms } from '../rules/rule.ts'
import { isWorse } from '../rules/severity.ts'
import { beforeItFired, type Life, type Observation, type Transition } from './life.ts'
import { firingSeverity, progress, worstOf } from './levels.ts'

/** At most one thing is told at a time, so that a life and what was told of it last are stored as one. */
export type Step = [life: Life | undefined, told: readonly [] | readonly [Transition]]
type Reading = Extract<Observation, { kind: 'reading' }>

/**
 * The life of one alert: ok → pending → firing → resolved. Pure. Only a reading that is clear, or the end of what it is about, ever ends
 * an alert. `now` is our own clock; it stamps what we say and decides nothing.
 */
export function step(fingerprint: string, terms: Terms, life: Life | undefined, observation: Observation, now: number): Step {
  const active = life === undefined || life.phase === 'ok' ? undefined : life
  switch (observation.kind) {
    case 'reading':
      return active === undefined ? begin(fingerprint, terms, life, observation, now) : read(terms, active, observation, now)
    case 'time':
      if (active?.kept_since_ms !== undefined) return keep(terms, active, observation, now)
      return active?.phase === 'pending' ? judge(terms, active, observation, now) : [life, []]
    case 'result':
      return active?.phase === 'pending' ? judge(terms, countResult(active, observation), observation, now) : [life, []]
    case 'end':
      if (active === undefined) return [life, []]
      return resolve({ ...active, detail: observation.detail ?? active.detail }, observation, observation.reason, now)
  }
}

function begin(fingerprint: string, terms: Terms, last: Life | undefined, reading: Reading, now: number): Step {
  const levels = progress({}, undefined, reading)
  const severity = worstOf(levels)
  if (severity === undefined) return [last, []]
  const epochMs = Math.max(reading.at, (last?.epoch_ms ?? -1) + 1)
  const life: Life = {
    phase: 'pending',
    epoch: derivedId(epochMs, fingerprint, reading.id),
    epoch_ms: epochMs,
    announced: false,
    severity,
    levels,
    failures: reading.failures,
    updates: 0,
    started_ms: reading.at,
    changed_ms: Math.max(now, last?.changed_ms ?? 0),
    correlation_id: reading.correlationId,
    value: reading.value,
    detail: reading.detail,
    ...(reading.runbook !== undefined && { runbook: reading.runbook }),
  }
  return judge(terms, life, reading, now)
}

function read(terms: Terms, life: Life, reading: Reading, now: number): Step {
  const levels = progress(life.levels, life.phase === 'firing' ? life.severity : undefined, reading)
  const seen: Life = {
    ...life,
    levels,
    failures: Math.max(life.failures, reading.failures),
    value: reading.value,
    detail: reading.detail ?? life.detail,
    ...(reading.runbook !== undefined && { runbook: reading.runbook }),
  }
  const worst = worstOf(levels)
  if (worst === undefined) {
    if (life.phase !== 'firing' || terms.keepFiringMs === 0) return resolve(seen, reading, 'recovered', now)
    const { kept_since_ms: sinceMs } = life
    const isFirst = sinceMs === undefined || reading.at < sinceMs
    return keep(terms, { ...seen, kept_since_ms: isFirst ? reading.at : sinceMs + reading.gapMs }, reading, now)
  }
  const held: Life = seen.kept_since_ms === undefined ? seen : { ...seen, kept_since_ms: undefined }
  return judge(terms, life.phase === 'pending' ? { ...held, severity: worst } : held, reading, now)
}

/** The condition has ended and the alert goes on, until enough time has passed in which it could have come back. */
function keep(terms: Terms, life: Life, observation: Observation, now: number): Step {
  const { kept_since_ms: sinceMs } = life
  if (sinceMs !== undefined && observation.at - sinceMs < terms.keepFiringMs) return [life, []]
  return resolve(life, observation, 'recovered', now)
}

function judge(terms: Terms, life: Life, observation: Observation, now: number): Step {
  const severity = firingSeverity(life, terms, observation.at)
  if (life.phase === 'firing') {
    if (severity === undefined || severity === life.severity) return [life, []]
    const reason = `${isWorse(severity, life.severity) ? 'up' : 'down'} from ${life.severity} to ${severity}`
    return transit({ ...life, severity, updates: life.updates + 1 }, 'updated', observation, reason, now)
  }
  if (severity !== undefined) return transit({ ...life, phase: 'firing', announced: true, severity }, 'firing', observation, null, now)
  const isLong = Object.values(life.levels).some((level) => observation.at - level.since_ms >= terms.announceAfterMs)
  return life.announced || !isLong ? [life, []] : transit({ ...life, announced: true }, 'pending', observation, null, now)
}

function resolve(life: Life, observation: Observation, reason: string, now: number): Step {
  const over: Life = { ...life, phase: 'ok', levels: {}, failures: 0, kept_since_ms: undefined }
  if (!life.announced) return [over, []]
  return transit(over, 'resolved', observation, life.phase === 'firing' ? reason : beforeItFired(reason), now)
}

function transit(life: Life, phase: Transition['phase'], observation: Observation, reason: string | null, now: number): Step {
  const told: Life = { ...life, changed_ms: Math.max(now, life.changed_ms) }
  return [told, [{ phase, severity: life.severity, reason, at: observation.at, trigger: observation.id }]]
}

/** Results up to the transition that started it are in its own count. */
function countResult(life: Life, result: Extract<Observation, { kind: 'result' }>): Life {
  if (result.at <= life.started_ms) return life
  return { ...life, failures: result.ok ? 0 : life.failures + 1 }
}
