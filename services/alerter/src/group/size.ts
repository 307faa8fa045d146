import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { Group } from './group.ts'

/**
 * A group with what it said last is one value of the store, which takes 1 MiB: so much of it are alerts it took up, 254 KiB more they may
 * grow by (`clipped`), and so much is the message.
 */
const maxMemberBytes = 400 * 1024
const maxMessageBytes = 192 * 1024
/** Alerts of one message; the rest is counted. */
const maxAlertsPerMessage = 20
/** Alerts of one group; what comes on top opens another group of the same labels. */
const maxMembers = 200
const clippedChars = 200

/** Events are never changed, so each is measured once. */
const sizes = new WeakMap<AlertEvent, number>()

function sizeBytes(event: AlertEvent): number {
  let size = sizes.get(event)
  if (size === undefined) sizes.set(event, (size = Buffer.byteLength(JSON.stringify(event))))
  return size
}

function memberBytes(members: Group['members']): number {
  return Object.values(members).reduce((sum, { event }) => sum + sizeBytes(event), 0)
}

/** Whether a group has room for an alert that it does not hold yet. One alert always has. */
export function hasRoom({ members }: Group, event: AlertEvent): boolean {
  const count = Object.keys(members).length
  return count === 0 || (count < maxMembers && memberBytes(members) + sizeBytes(event) <= maxMemberBytes)
}

/** An event of an alert that the group holds: in a group that is full already its texts are cut, for nothing else of it can grow. */
export function clipped({ members }: Group, event: AlertEvent): AlertEvent {
  const { [event.fingerprint]: known, ...others } = members
  if (known === undefined || memberBytes(others) + sizeBytes(event) <= maxMemberBytes) return event
  return { ...event, summary: event.summary.slice(0, clippedChars), reason: event.reason?.slice(0, clippedChars) ?? null }
}

/** As many of these alerts as one message carries, from the first on; at least one. */
export function fitting(alerts: readonly AlertEvent[]): AlertEvent[] {
  let bytes = 0
  const end = alerts.findIndex((alert, index) => {
    bytes += sizeBytes(alert)
    return index === maxAlertsPerMessage || (index > 0 && bytes > maxMessageBytes)
  })
  return alerts.slice(0, end === -1 ? alerts.length : end)
}
