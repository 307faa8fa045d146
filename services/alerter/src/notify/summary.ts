import { createHash } from 'node:crypto'
import { isFiring } from '../group/group.ts'
import { fitting } from '../group/size.ts'
import { isWorse, severities } from '../rules/severity.ts'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { Notification } from './notification.ts'

/** Notifications of one message. */
export const maxPerSummary = 200

/**
 * Many notifications to one channel as one: what fires, the worst first, then what is resolved. Of one group the last counts, with the ends
 * that none before it told. The id
 * follows from what is in it.
 */
export function summarize(notifications: readonly Notification[]): Notification | undefined {
  const last = [...Map.groupBy(notifications, ({ group }) => group).values()].flatMap(lastWord)
  const alerts = last.flatMap(({ message }) => message.alerts).toSorted(byWeight)
  const [event] = alerts
  const [first] = notifications
  if (event === undefined || first === undefined) return undefined
  const digest = createHash('sha256')
    .update(notifications.map(({ id }) => id).join('\u0000'))
    .digest('hex')
    .slice(0, 26)
  const count = (of: 'firing' | 'resolved'): number => last.reduce((sum, { message }) => sum + message[of], 0)
  const worsts = last.filter(({ message }) => message.firing > 0).map(({ message }) => message.worst)
  return {
    id: `${digest}-1-summary`,
    channel: first.channel,
    group: 'summary',
    route: 'summary',
    event,
    message: {
      incident: digest,
      seq: 1,
      occasion: 'summary',
      opened_ms: Math.min(...last.map(({ message }) => message.opened_ms)),
      alerts: fitting(alerts),
      firing: count('firing'),
      resolved: count('resolved'),
      worst: severities.find((severity) => worsts.includes(severity)) ?? event.severity,
      figures: null,
      contacts: [...new Map(last.flatMap(({ message }) => message.contacts).map((contact) => [JSON.stringify(contact), contact])).values()],
      targets: null,
      level: last.reduce<number | null>(
        (least, { message: { level } }) => (level === null ? least : Math.min(level, least ?? level)),
        null,
      ),
    },
  }
}

/** The last of one group, with the ends that earlier ones were to tell. */
function lastWord(notifications: readonly Notification[]): Notification[] {
  const last = notifications.at(-1)
  if (last === undefined) return []
  const { message } = last
  const told = new Set(message.alerts.map(({ fingerprint }) => fingerprint))
  const earlier = notifications.slice(0, -1).flatMap((each) => each.message.alerts)
  const ended = new Map(earlier.flatMap((event) => (isFiring(event) || told.has(event.fingerprint) ? [] : [[event.fingerprint, event]])))
  return [{ ...last, message: { ...message, alerts: [...message.alerts, ...ended.values()], resolved: message.resolved + ended.size } }]
}

function byWeight(a: AlertEvent, b: AlertEvent): number {
  if (isFiring(a) !== isFiring(b)) return isFiring(a) ? -1 : 1
  if (a.severity !== b.severity) return isWorse(a.severity, b.severity) ? -1 : 1
  return a.started_time < b.started_time ? -1 : 1
}
