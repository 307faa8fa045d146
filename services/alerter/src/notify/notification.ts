import type { AlertEvent } from '@nightshift/shared/events/alert'

/** One message to one channel about one step of an alert. */
export interface Notification {
  /** The same for every attempt: receivers drop a second copy by it. */
  readonly id: string
  readonly channel: string
  readonly event: AlertEvent
}

/** The idempotency key of a step: an alert fires and resolves once in an epoch, and is updated as often as its severity changes. */
export function notificationId(event: AlertEvent): string {
  return event.phase === 'updated' ? `${event.epoch}-updated-${event.id.slice(-8)}` : `${event.epoch}-${event.phase}`
}

/** What it is about, in one line. */
export function headlineOf(event: AlertEvent): string {
  const state = event.phase === 'resolved' ? 'resolved' : event.severity
  return `${state}: ${event.summary}`
}
