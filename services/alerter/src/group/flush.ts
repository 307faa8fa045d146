import type { AlertEvent } from '@nightshift/shared/events/alert'
import { derivedId } from '@nightshift/shared/ids'
import { stepsDue, type Ladder, type Step } from '../escalate/ladder.ts'
import type { Route } from '../route/route-tree.ts'
import { isWorse, severities, type Severity } from '../rules/severity.ts'
import { isHeldBack, repeatDueMs, stepDueMs, type MuteOf } from './due.ts'
import { isFiring, type Acked, type Group, type Member, type Message, type Occasion } from './group.ts'
import { fitting } from './size.ts'

/** Stands for no occurrence at all. */
const flappingEpoch = 'flapping'

/** How a group is told: its route, who is called, what is kept back. */
export interface Telling {
  readonly route: Route
  /** Of an incident that begins now. */
  readonly ladder: Ladder | null
  readonly muteOf: MuteOf
  readonly nowMs: number
}

/** The group as it is after it has said what it has to say, and the message; undefined when there is nothing to say. Pure. */
export function flush(before: Group, telling: Telling): [group: Group, message: Message | undefined] {
  const { route, muteOf, nowMs } = telling
  const group = wakeUp(before, nowMs)
  const open = openMembers(group, muteOf)
  const news = open.filter(({ news_ms: newsMs }) => newsMs !== null)
  // Somebody took on what was there; something critical on top calls again.
  const ackedMs = group.acked?.time_ms ?? Number.POSITIVE_INFINITY
  const isNewlyCritical = news.some(
    ({ event, told, news_ms: newsMs }) => told === null && isFiring(event) && event.severity === 'critical' && (newsMs ?? 0) >= ackedMs,
  )
  const awake = isNewlyCritical ? { ...group, acked: null } : group
  const stepMs = stepDueMs(awake, muteOf)
  if (stepMs !== undefined && stepMs <= nowMs) return say(awake, open, 'escalated', telling)
  if (news.length > 0) return say(awake, open, occasionOf(awake, open), telling)
  const repeatMs = repeatDueMs(awake, route, muteOf)
  if (repeatMs !== undefined && repeatMs <= nowMs) return say(awake, open, 'repeated', telling)
  return [awake, undefined]
}

/** Somebody took the incident on by this alert. It is said where people heard of it; what they hear of later is taken on already. */
export function acknowledge(group: Group, fingerprint: string, acked: Acked, telling: Telling): [Group, Message | undefined] {
  const member = group.members[fingerprint]
  if (member === undefined) return [group, undefined]
  const next = { ...group, acked, members: { ...group.members, [fingerprint]: { ...member, acked_ms: acked.time_ms } } }
  const open = openMembers(next, telling.muteOf)
  return group.incident !== null && open.some(({ event }) => isFiring(event)) ? say(next, open, 'acked', telling) : [next, undefined]
}

/**
 * Says that an alert comes and goes. What it does from here on is kept back until it has settled; then it is news whatever it is in, for
 * what people know of it is none of its states.
 */
export function sayFlapping(group: Group, event: AlertEvent, telling: Telling): [Group, Message | undefined] {
  const { fingerprint } = event
  const open = openMembers(group, telling.muteOf)
  if (!open.some((member) => member.event.fingerprint === fingerprint && isFiring(member.event))) return [group, undefined]
  const [next, message] = say(group, open, 'flapping', telling)
  const others = message.alerts.filter((alert) => alert.fingerprint !== fingerprint)
  const member = next.members[fingerprint]
  const told = member?.told == null ? null : { ...member.told, epoch: flappingEpoch }
  const members = member === undefined ? next.members : { ...next.members, [fingerprint]: { ...member, told } }
  return [
    { ...next, members },
    { ...message, alerts: [{ ...event, phase: 'firing' }, ...others] },
  ]
}

/** People heard that it comes and goes, and nothing of it since. */
export function isToldAsFlapping({ told }: Member): boolean {
  return told?.epoch === flappingEpoch
}

function openMembers(group: Group, muteOf: MuteOf): Member[] {
  return Object.values(group.members).filter((member) => !isHeldBack(member, muteOf(member.event)))
}

/** Kept back by now, but people were told that it fires, and it does: a message that leaves it out would say that all is well. */
function stillKnown(group: Group, open: readonly Member[]): Member[] {
  return Object.values(group.members).filter(
    ({ event, told }) => isFiring(event) && told?.phase === 'firing' && !open.some((each) => each.event === event),
  )
}

/** Who took it on for a while only has had that while. */
function wakeUp(group: Group, nowMs: number): Group {
  const untilMs = group.acked?.until_ms
  return untilMs != null && untilMs <= nowMs ? { ...group, acked: null } : group
}

function say(group: Group, open: readonly Member[], occasion: Occasion, { ladder, nowMs }: Telling): [Group, Message] {
  const firing = [...open, ...stillKnown(group, open)].filter(({ event }) => isFiring(event)).map(({ event }) => event)
  const resolved = open.filter(({ event }) => !isFiring(event)).map(({ event }) => event)
  const alerts = [...firing.toSorted(byWeight), ...resolved.toSorted(byWeight)]
  const known = group.incident
  const worst = worstOf([...alerts.map(({ severity }) => severity), ...(known === null ? [] : [known.worst])])
  const incident = known ?? { id: incidentId(group, alerts, nowMs), opened_ms: nowMs, worst, ladder }
  const calling = open.filter(({ event, left }) => isFiring(event) && !left).map(({ event }) => event)
  const taken = stepsTaken(incident.ladder, calling, group, { openedMs: incident.opened_ms, nowMs })
  const members = Object.fromEntries(Object.entries(group.members).flatMap(([key, member]) => afterTelling(key, member, open)))
  const isOver = !Object.values(members).some(({ told }) => told?.phase === 'firing')
  const message: Message = {
    incident: incident.id,
    seq: group.seq + 1,
    occasion,
    opened_ms: incident.opened_ms,
    alerts: fitting(alerts),
    firing: firing.length,
    resolved: resolved.length,
    worst: firing.length === 0 ? worst : worstOf(firing.map(({ severity }) => severity)),
    figures: null,
    contacts: taken.flatMap(({ contacts }) => contacts),
    level: null,
    targets: null,
    acked: group.acked,
  }
  const after = { ...group, members, told_ms: nowMs, told_channels: [...group.told_channels, ...taken.flatMap(({ channels }) => channels)] }
  if (isOver) return [{ ...after, incident: null, seq: 0, acked: null, escalated: 0 }, message]
  return [{ ...after, incident: { ...incident, worst }, seq: message.seq, escalated: group.escalated + taken.length }, message]
}

function stepsTaken(
  ladder: Ladder | null,
  calling: readonly AlertEvent[],
  { acked, escalated }: Group,
  times: { openedMs: number; nowMs: number },
): readonly Step[] {
  const isMeant = ladder !== null && acked === null && calling.some(({ severity }) => ladder.severities.includes(severity))
  return isMeant ? stepsDue(ladder, escalated, times.openedMs, times.nowMs) : []
}

/** What is resolved and told leaves the group. */
function afterTelling(key: string, member: Member, open: readonly Member[]): [string, Member][] {
  if (!open.includes(member)) return [[key, member]]
  const { event } = member
  if (!isFiring(event)) return []
  return [[key, { ...member, told: { phase: 'firing', severity: event.severity, epoch: event.epoch }, news_ms: null }]]
}

/** The end of what nobody heard of, because it was muted all the time, needs no words. */
export function forgetUnheard(group: Group, muteOf: MuteOf): Group {
  const members = Object.entries(group.members)
  const kept = members.filter(([, member]) => isFiring(member.event) || member.told !== null || muteOf(member.event) === undefined)
  return kept.length === members.length ? group : { ...group, members: Object.fromEntries(kept) }
}

function occasionOf(group: Group, open: readonly Member[]): Occasion {
  if (![...open, ...stillKnown(group, open)].some(({ event }) => isFiring(event))) return 'resolved'
  return group.incident === null ? 'new' : 'changed'
}

/** The same facts give the same id, so that a message that is made again after a crash is the same message. */
function incidentId(group: Group, alerts: readonly AlertEvent[], nowMs: number): string {
  const first = alerts.map(({ epoch }) => epoch).toSorted()[0] ?? ''
  const epochMs = Math.min(nowMs, ...alerts.map(({ started_time: startedTime }) => Date.parse(startedTime)))
  return derivedId(epochMs, group.id, first)
}

function worstOf(all: readonly Severity[]): Severity {
  return severities.find((severity) => all.includes(severity)) ?? 'info'
}

function byWeight(a: AlertEvent, b: AlertEvent): number {
  if (a.severity !== b.severity) return isWorse(a.severity, b.severity) ? -1 : 1
  return a.started_time < b.started_time ? -1 : 1
}
