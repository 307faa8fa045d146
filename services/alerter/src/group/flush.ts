import type { AlertEvent } from '@nightshift/shared/events/alert'
import { derivedId } from '@nightshift/shared/ids'
import type { Route } from '../route/route-tree.ts'
import { isWorse, severities, type Severity } from '../rules/severity.ts'
import { isHeldBack, repeatDueMs, type MuteOf } from './due.ts'
import { isFiring, maxAlertsPerMessage, type Group, type Member, type Message, type Occasion } from './group.ts'

/** The group as it is after it has said what it has to say, and the message; undefined when there is nothing to say. Pure. */
export function flush(group: Group, route: Route, muteOf: MuteOf, nowMs: number): [group: Group, message: Message | undefined] {
  const open = Object.values(group.members).filter((member) => !isHeldBack(member, muteOf(member.event)))
  const news = open.filter(({ news_ms: newsMs }) => newsMs !== null)
  const repeatMs = repeatDueMs(group, route, muteOf)
  const isRepeat = news.length === 0 && repeatMs !== undefined && repeatMs <= nowMs
  if (news.length === 0 && !isRepeat) return [group, undefined]
  return say(group, open, occasionOf(group, open, isRepeat), nowMs)
}

/** A message that is sent although no alert changed: an escalation, or that somebody took it on. */
export function announce(group: Group, occasion: 'escalated' | 'acked', muteOf: MuteOf, nowMs: number): [Group, Message | undefined] {
  if (group.incident === null) return [group, undefined]
  const open = Object.values(group.members).filter((member) => !isHeldBack(member, muteOf(member.event)))
  return open.some(({ event }) => isFiring(event)) ? say(group, open, occasion, nowMs) : [group, undefined]
}

function say(group: Group, open: readonly Member[], occasion: Occasion, nowMs: number): [Group, Message] {
  const firing = open.filter(({ event }) => isFiring(event)).map(({ event }) => event)
  const resolved = open.filter(({ event }) => !isFiring(event)).map(({ event }) => event)
  const alerts = [...firing.toSorted(byWeight), ...resolved.toSorted(byWeight)]
  const worst = worstOf([...alerts.map(({ severity }) => severity), ...(group.incident === null ? [] : [group.incident.worst])])
  const incident = group.incident ?? { id: incidentId(group, alerts, nowMs), opened_ms: nowMs, worst }
  const seq = group.seq + 1
  const members = Object.fromEntries(Object.entries(group.members).flatMap(([key, member]) => afterTelling(key, member, open)))
  const isOver = !Object.values(members).some(({ told }) => told?.phase === 'firing')
  const message: Message = {
    incident: incident.id,
    seq,
    occasion,
    opened_ms: incident.opened_ms,
    alerts: alerts.slice(0, maxAlertsPerMessage),
    firing: firing.length,
    resolved: resolved.length,
    figures: null,
    worst: firing.length === 0 ? worst : worstOf(firing.map(({ severity }) => severity)),
  }
  const rest = { members, told_ms: nowMs }
  if (isOver) return [{ ...group, ...rest, incident: null, seq: 0, acked: null, escalated: 0 }, message]
  return [{ ...group, ...rest, incident: { ...incident, worst }, seq }, message]
}

/** What is resolved and told leaves the group. */
function afterTelling(key: string, member: Member, open: readonly Member[]): [string, Member][] {
  if (!open.includes(member)) return [[key, member]]
  const { event } = member
  if (!isFiring(event)) return []
  return [[key, { event, told: { phase: 'firing', severity: event.severity, epoch: event.epoch }, news_ms: null }]]
}

/** The end of what nobody heard of, because it was muted all the time, needs no words. */
export function forgetUnheard(group: Group, muteOf: MuteOf): Group {
  const members = Object.entries(group.members)
  const kept = members.filter(([, member]) => isFiring(member.event) || member.told !== null || muteOf(member.event) === undefined)
  return kept.length === members.length ? group : { ...group, members: Object.fromEntries(kept) }
}

function occasionOf(group: Group, open: readonly Member[], isRepeat: boolean): Occasion {
  if (isRepeat) return 'repeated'
  if (!open.some(({ event }) => isFiring(event))) return 'resolved'
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
