import type { AlertEvent } from '@nightshift/shared/events/alert'
import { clip, type Alert, type Change, type FleetModel } from './model.ts'

const maxLabels = 16

/** A step in the life of an alert; the last one by event time is where it stands. */
export function reduceAlert(model: FleetModel, host: string | null, event: AlertEvent): Change[] {
  const previous = model.alert.get(event.fingerprint)
  if (previous !== undefined && event.time < previous.changed_time) return []
  const entry: Alert = {
    fingerprint: event.fingerprint,
    epoch: event.epoch,
    rule: event.rule,
    host,
    severity: event.severity,
    state: event.phase === 'updated' ? updatedState(previous) : event.phase,
    labels: Object.fromEntries(
      Object.entries(event.labels)
        .slice(0, maxLabels)
        .map(([name, value]) => [name, clip(value, 128)]),
    ),
    summary: clip(event.summary, 500),
    value: event.value,
    threshold: event.threshold,
    started_time: event.started_time,
    changed_time: event.time,
    reason: event.reason === null ? null : clip(event.reason, 300),
    runbook: event.runbook,
  }
  return [{ kind: 'alert', id: event.fingerprint, entry }]
}

function updatedState(previous: Alert | undefined): Alert['state'] {
  return previous === undefined || previous.state === 'resolved' ? 'firing' : previous.state
}
