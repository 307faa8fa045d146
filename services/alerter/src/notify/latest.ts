import type { Called } from '../escalate/ladder.ts'
import type { Notification } from './notification.ts'

/** Whether all of them are about one incident. */
export function areOfOneIncident(notifications: readonly Notification[]): boolean {
  const [first] = notifications
  return notifications.every(({ group, message }) => group === first?.group && message.incident === first.message.incident)
}

/**
 * The newest state of an incident in place of everything that waits about it. Who was called in what it replaces is called with it, unless it
 * is over or somebody took it on. Pure.
 */
export function latestOf(notifications: readonly Notification[]): Notification | undefined {
  const last = notifications.at(-1)
  if (last === undefined || last.message.firing === 0 || last.message.occasion === 'acked') return last
  const isCalling = notifications.some(({ message }) => message.occasion === 'escalated')
  const contacts = distinct(notifications.flatMap(({ message }) => message.contacts))
  return { ...last, message: { ...last.message, contacts, occasion: isCalling ? 'escalated' : last.message.occasion } }
}

function distinct(contacts: readonly Called[]): Called[] {
  return [...new Map(contacts.map((contact) => [JSON.stringify(contact), contact])).values()]
}
