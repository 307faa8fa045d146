import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { Message } from '../src/group/group.ts'
import { notificationId, type Notification } from '../src/notify/notification.ts'

/** An alert event; hand-written. */
export function exampleEvent(change: Partial<AlertEvent> = {}): AlertEvent {
  return {
    v: 1,
    id: '01JD0000000000000000000005',
    time: '2026-11-21T03:04:05.678Z',
    host: 'web-1',
    source: 'alerter@hub',
    correlation_id: '01JD0000000000000000000002',
    rule: 'cpu-high',
    phase: 'firing',
    fingerprint: '9f86d081884c7d65',
    epoch: '01JD0000000000000000000004',
    severity: 'warning',
    labels: {},
    summary: 'cpu.usage_ratio on web-1 is 93%, above 85% for 5m',
    value: 0.93,
    threshold: 0.85,
    started_time: '2026-11-21T02:59:05.678Z',
    reason: null,
    runbook: 'docs/runbooks/cpu-high.md',
    ...change,
  }
}

export function exampleNotification(change: Partial<AlertEvent> = {}, channel = 'hook'): Notification {
  const event = exampleEvent(change)
  const isFiring = event.phase !== 'resolved'
  const message: Message = {
    incident: event.epoch,
    seq: isFiring ? 1 : 2,
    occasion: isFiring ? 'new' : 'resolved',
    opened_ms: Date.parse(event.started_time),
    alerts: [event],
    firing: isFiring ? 1 : 0,
    resolved: isFiring ? 0 : 1,
    worst: event.severity,
    figures: null,
    contacts: [],
    level: null,
    targets: null,
  }
  return { id: notificationId(message), channel, group: event.fingerprint, route: 'root', event, message }
}
