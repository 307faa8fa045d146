import type { CheckEvent } from '@nightshift/shared/events/check'
import type { HealthEvent } from '@nightshift/shared/events/health'
import { hostChange, seeHost } from './hosts.ts'
import { clip, type Change, type Check, type FleetModel } from './model.ts'

const maxErrorLength = 500

/** The result of one run. The state of the check moves only with a transition, once there has been one. */
export function reduceCheckResult(model: FleetModel, host: string, event: CheckEvent, seenMs: number): Change[] {
  const id = `${host}/${event.check}`
  const previous = model.check.get(id)
  const changes: Change[] = [hostChange(seeHost(model.host.get(host), host, seenMs))]
  if (previous !== undefined && event.time < latestTime(previous)) return changes
  const seenState = event.ok === null ? 'unknown' : event.ok ? 'ok' : 'failing'
  const confirmed = previous !== undefined && previous.confirmed && previous.state !== 'removed'
  const state = confirmed ? previous.state : seenState
  const entry: Check = {
    host,
    check: event.check,
    kind: event.kind,
    state,
    since_time: previous?.state === state ? previous.since_time : event.time,
    confirmed,
    last_ok: event.ok,
    last_time: event.time,
    latency_seconds: event.latency_seconds,
    error: clipError(event.error) ?? (state === 'failing' ? (previous?.error ?? null) : null),
  }
  return [...changes, { kind: 'check', id, entry }]
}

/** A transition. It says what is so until the next one. */
export function reduceHealth(model: FleetModel, host: string, event: HealthEvent): Change[] {
  const id = `${host}/${event.check}`
  const previous = model.check.get(id)
  if (previous?.confirmed === true && event.time < previous.since_time) return []
  const runsAgain =
    event.state === 'removed' && previous?.last_time !== undefined && previous.last_time !== null && previous.last_time > event.time
  if (runsAgain) return []
  const entry: Check = {
    host,
    check: event.check,
    kind: event.kind,
    state: event.state,
    since_time: event.time,
    confirmed: true,
    last_ok: previous?.last_ok ?? null,
    last_time: previous?.last_time ?? null,
    latency_seconds: previous?.latency_seconds ?? null,
    error: event.state === 'ok' ? null : clipError(event.error),
  }
  return [hostChange(seeHost(model.host.get(host), host)), { kind: 'check', id, entry }]
}

function clipError(error: string | null): string | null {
  return error === null ? null : clip(error, maxErrorLength)
}

/** A result from before the removal of its check, or from before the last result, says nothing new. */
function latestTime(check: Check): string {
  return check.state === 'removed' && (check.last_time === null || check.since_time > check.last_time)
    ? check.since_time
    : (check.last_time ?? '')
}
