import type { AlertEvent } from '@nightshift/shared/events/alert'
import { neverFired } from '../alert/life.ts'
import { isFiring, type Group, type Member, type Told } from './group.ts'

/** Whether people are told of such an event at all. Pending is for the console, and so is what ended before it fired. */
export function isForPeople(event: AlertEvent): boolean {
  return isFiring(event) || (event.phase === 'resolved' && !neverFired(event.reason))
}

/** The group with this event in it; the same group when it changes nothing. Pure. */
export function join(group: Group, event: AlertEvent, nowMs: number): Group {
  const known = group.members[event.fingerprint]
  if (known?.event.id === event.id) return group
  // The end of what nobody is waiting to hear of.
  if (!isFiring(event) && known === undefined) return group
  const told = known?.told ?? null
  const newsMs = isNews(event, told) ? (known?.news_ms ?? nowMs) : null
  const member: Member = { event, told, news_ms: newsMs, left: false, acked_ms: known?.acked_ms ?? null }
  return { ...group, members: { ...group.members, [event.fingerprint]: member } }
}

/** The group after an event of an alert that it holds and that goes another way now. What nobody heard of here is not here any more. Pure. */
export function leave(group: Group, event: AlertEvent, nowMs: number): Group {
  const { [event.fingerprint]: known, ...others } = group.members
  if (known === undefined || known.event.id === event.id || !isFiring(event)) return join(group, event, nowMs)
  if (known.told === null) return { ...group, members: others }
  // Another group says what it has become: when it comes back as it was told here, that is news again.
  const told = { ...known.told, severity: event.severity }
  return { ...group, members: { ...others, [event.fingerprint]: { ...known, event, told, news_ms: null, left: true } } }
}

/** Whether people know something else of it than what is. */
function isNews(event: AlertEvent, told: Told | null): boolean {
  if (told === null) return true
  const phase = isFiring(event) ? 'firing' : 'resolved'
  return told.phase !== phase || told.epoch !== event.epoch || (phase === 'firing' && told.severity !== event.severity)
}
