import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { Message } from '../group/group.ts'

/** One message to one channel about a group of alerts. */
export interface Notification {
  /** The same for every attempt: receivers drop a second copy by it. */
  readonly id: string
  readonly channel: string
  /** Id of the group: its messages keep their order, and a channel that edits finds its last one by it. */
  readonly group: string
  readonly route: string
  /** The alert that leads: the worst that fires, or the last that was resolved. */
  readonly event: AlertEvent
  readonly message: Message
}

/** The notifications of a message, one for each channel. */
export function notificationsOf(message: Message, group: { id: string; route: string }, channels: readonly string[]): Notification[] {
  const [event] = message.alerts
  if (event === undefined) return []
  const id = notificationId(message)
  return channels.map((channel) => ({ id, channel, group: group.id, route: group.route, event, message }))
}

/** The idempotency key of a message: messages of an incident are counted. */
export function notificationId({ incident, seq, occasion }: Message): string {
  return `${incident}-${seq}-${occasion}`
}

/** What it is about, in one line. */
export function headlineOf({ event, message }: Pick<Notification, 'event' | 'message'>): string {
  const state = message.firing === 0 ? 'resolved' : message.worst
  const others = message.firing + message.resolved - 1
  return `${state}: ${event.summary}${others > 0 ? ` (and ${others} more)` : ''}`
}
