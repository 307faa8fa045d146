import { isoTime } from '@nightshift/shared/clock'
import { formatDuration } from '@nightshift/shared/config/scalars'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import { dueMs, isHeldBack, repeatDueMs, stepDueMs } from '../group/due.ts'
import type { Group } from '../group/group.ts'
import type { Mute } from '../mute/mute.ts'
import type { Route } from '../route/route-tree.ts'
import type { AlertRecord } from '../state/stored.ts'
import { mutesAt, type Standing, type ToldMute } from './standing.ts'

/** One alert in one of its groups. */
export interface ExplainedGroup {
  readonly group: string
  readonly route: string
  readonly labels: Readonly<Record<string, string>>
  /** null: there is no incident, nobody heard of it yet. */
  readonly incident: string | null
  readonly messages: number
  readonly told_time: string | null
  readonly channels: readonly string[]
  readonly acked: { readonly actor: string; readonly until_time: string | null } | null
  /** When the group is looked at next, and what for. */
  readonly next_time: string | null
  readonly next: string
}

/** Why people hear, or do not hear, of an alert. */
export interface Explanation {
  readonly fingerprint: string
  readonly rule: string
  readonly host: string | null
  readonly labels: Readonly<Record<string, string>>
  readonly phase: 'pending' | 'firing' | 'ok'
  readonly severity: AlertEvent['severity']
  readonly summary: string
  readonly started_time: string
  readonly changed_time: string
  /** How long the condition of its rule must hold; null: the rule is not in the configuration. */
  readonly for_seconds: number | null
  /** Why it neither fires nor ends just now, whatever is measured; null: nothing keeps it. */
  readonly holds: string | null
  /** One line per route that was tried. */
  readonly route: readonly string[]
  readonly mutes: readonly ToldMute[]
  readonly groups: readonly ExplainedGroup[]
  /** The answer in one sentence. */
  readonly why: string
}

/** Explains an alert that something was said of at least once. Pure. */
export function explainAlert({ series, life, last }: AlertRecord, standing: Standing): Explanation | undefined {
  if (last === null) return undefined
  const { routes, rules, muters, nowMs } = standing
  const event: AlertEvent = { ...last.event, severity: life.severity }
  // Every shard has the silences and windows of all.
  const mutes = [
    ...new Map(muters.flatMap((muter) => muter.muteOf(event, nowMs) ?? []).map((mute) => [`${mute.kind} ${mute.by}`, mute])).values(),
  ]
  const groups = standing.groups
    .filter(({ members }) => series.fingerprint in members)
    .map((group) => explainGroup(group, routeOf(group, event, standing), event, standing))
  const forMs = rules.find(series.rule)?.forMs
  const facts = { phase: life.phase, forMs: forMs ?? 0, startedMs: life.started_ms, mutes, groups }
  return {
    fingerprint: series.fingerprint,
    rule: series.rule,
    host: series.host,
    labels: { ...series.labels },
    phase: life.phase,
    severity: life.severity,
    summary: event.summary,
    started_time: isoTime(life.started_ms),
    changed_time: isoTime(life.changed_ms),
    for_seconds: forMs === undefined ? null : forMs / 1000,
    holds: standing.holds?.(series) ?? null,
    route: [...routes.explain(event)],
    mutes: mutes.map(toldMute),
    groups,
    why: whyOf(facts),
  }
}

export function toldMute({ kind, by, untilMs }: Mute): ToldMute {
  return { kind, by, until_time: untilMs === null ? null : isoTime(untilMs) }
}

function routeOf(group: Group, event: AlertEvent, { routes }: Standing): Route {
  return routes.find(group.route) ?? routes.routesFor(event)[0] ?? routes.fallback
}

function explainGroup(group: Group, route: Route, event: AlertEvent, standing: Standing): ExplainedGroup {
  const mute = mutesAt(standing)
  const due = dueMs(group, route, mute)
  const { acked, incident, told_ms: toldMs } = group
  return {
    group: group.id,
    route: route.id,
    labels: group.labels,
    incident: incident?.id ?? null,
    messages: group.seq,
    told_time: incident === null || toldMs === null ? null : isoTime(toldMs),
    channels: group.told_channels,
    acked: acked === null ? null : { actor: acked.actor, until_time: acked.until_ms === null ? null : isoTime(acked.until_ms) },
    next_time: due === undefined ? null : isoTime(due),
    next: due === undefined ? 'nothing until something happens to it' : nextOf(group, route, due, standing, event),
  }
}

/** What the group is looked at for when it is due. */
function nextOf(group: Group, route: Route, due: number, standing: Standing, event: AlertEvent): string {
  const mute = mutesAt(standing)
  const member = group.members[event.fingerprint]
  if (member !== undefined && isHeldBack(member, mute(member.event))) return 'what keeps it from people ends'
  if (stepDueMs(group, mute) === due) return 'the next step of the ladder'
  if (repeatDueMs(group, route, mute) === due) return `said again, every ${formatDuration(route.repeatMs)}`
  if (group.acked?.until_ms === due) return 'the acknowledgement ends'
  return group.incident === null
    ? `the first message, after ${formatDuration(route.groupWaitMs)}`
    : `the next message, at most one in ${formatDuration(route.groupIntervalMs)}`
}

function whyOf(facts: {
  phase: 'pending' | 'firing' | 'ok'
  forMs: number
  startedMs: number
  mutes: readonly Mute[]
  groups: readonly ExplainedGroup[]
}): string {
  const { phase, forMs, startedMs, mutes, groups } = facts
  if (phase === 'pending')
    return `nobody is told: it is pending until its condition has held for ${formatDuration(forMs)}, since ${isoTime(startedMs)}`
  const [mute] = mutes
  const told = groups.find(({ told_time: toldTime }) => toldTime !== null)
  if (phase === 'ok') return told === undefined ? 'it is over' : 'it is over; its end is told with the next message'
  if (mute !== undefined) {
    const until = mute.untilMs === null ? '' : ` until ${isoTime(mute.untilMs)}`
    return `nobody is told: ${muteWords[mute.kind] ?? `it is muted (${mute.kind}) by`} ${mute.by}${until}`
  }
  const acked = groups.find((group) => group.acked !== null)?.acked
  if (acked != null)
    return `${acked.actor} took it on${acked.until_time === null ? '' : ` until ${acked.until_time}`}: it is not said again`
  if (told !== undefined) {
    const [count, to] = [told.messages, told.channels.join(', ')]
    return `told at ${told.told_time} to ${to === '' ? 'no channel' : to}, ${count} message${count === 1 ? '' : 's'} so far; next at ${told.next_time ?? 'no time'}: ${told.next}`
  }
  const [waiting] = groups
  if (waiting === undefined) return 'nobody is told: it is in no group yet'
  return `to be told at ${waiting.next_time ?? 'no time'}: ${waiting.next}`
}

const muteWords: Readonly<Partial<Record<Mute['kind'], string>>> = {
  inhibited: 'it is only a consequence, by the inhibition',
  silenced: 'it is silenced, by',
  window: 'it is in the maintenance window',
  flapping: 'it comes and goes:',
  booting: 'what begins now waits:',
}
