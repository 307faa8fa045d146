import { createHash } from 'node:crypto'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { Ladder } from '../escalate/ladder.ts'
import type { HostFigures } from '../figures/host-figures.ts'
import { muteOf, type Muter } from '../mute/mute.ts'
import { notificationsOf, type Notification } from '../notify/notification.ts'
import { channelsFor, type NamedChannel } from '../route/channels-for.ts'
import { labelOf, type Route, type RouteTree } from '../route/route-tree.ts'
import { notAfter, setBackMs } from './clock-set-back.ts'
import { dueMs, type MuteOf } from './due.ts'
import { DueQueue } from './due-queue.ts'
import { acknowledge, flush, forgetUnheard, sayFlapping, type Telling } from './flush.ts'
import type { GroupRecord } from './group-record.ts'
import { newGroup, type Acked, type Group, type Message } from './group.ts'
import { isForPeople, join, leave } from './join.ts'
import { clipped, hasRoom } from './size.ts'

/** What the groups look at besides themselves. */
export interface GroupView {
  readonly routes: RouteTree
  readonly channels: readonly NamedChannel[]
  readonly muters: readonly Muter[]
  ladderOf(name: string): Ladder | null
  figuresOf(host: string | null): HostFigures | null
  /** The channels that a rule names; null when it leaves that open, or is gone. */
  channelsOf(rule: string): readonly string[] | null
}

/** A group that changed: to be stored before anything of it goes out. */
export interface Saying {
  readonly group: Group
  /** Empty when it only keeps something in mind. */
  readonly notifications: readonly Notification[]
}

/** A group that was due and had nothing to say is not looked at again for so long, or it could keep us busy. */
const nothingSaidMs = 1000
/** Groups looked at in one go because they are due, and because they are to be reconsidered; the rest comes with the next. */
const maxPerRound = 250

/** Every group that has something in it, and when each is to be looked at next. No I/O. */
export class GroupBook {
  readonly #groups = new Map<string, Group>()
  /** Ids of the groups that hold an alert. */
  readonly #holders = new Map<string, Set<string>>()
  readonly #due = new DueQueue()
  #latestMs = 0
  /** What is to be reconsidered, as far as it was not yet; and whether all of it is to be, once more, after that. */
  #reconsidered: Iterator<string> | undefined
  #isToReconsider = false
  readonly #view: GroupView

  constructor(view: GroupView) {
    this.#view = view
  }

  get size(): number {
    return this.#groups.size
  }

  /** When the next group is to be looked at; undefined: not before something happens. */
  get nextMs(): number | undefined {
    return this.#isToReconsider || this.#reconsidered !== undefined ? this.#latestMs : this.#due.firstMs
  }

  all(): IterableIterator<Group> {
    return this.#groups.values()
  }

  /** Those that hold an alert. */
  of(fingerprint: string): Group[] {
    return [...(this.#holders.get(fingerprint) ?? [])].flatMap((id) => this.#groups.get(id) ?? [])
  }

  restore({ group }: GroupRecord, nowMs: number): void {
    this.#keep(notAfter(group, nowMs), nowMs)
  }

  /**
   * Takes an alert event into its groups: those of its routes, and those that it left because its severity or the configuration changed.
   * What changed comes back, with what is to be said at once; nothing yet when somebody else tells people of this event.
   */
  take(event: AlertEvent, nowMs: number, isTakenOver = false): Saying[] {
    if (!isForPeople(event)) return []
    this.#heedClock(nowMs)
    const routed = this.#view.routes.routesFor(event).map((route) => this.#groupOf(route, event))
    const ids = new Set(routed.map(({ id }) => id))
    const former = this.of(event.fingerprint).filter(({ id }) => !ids.has(id))
    const changes = [
      ...routed.map((group): [Group, Group] => [group, join(group, clipped(group, event), nowMs)]),
      ...former.map((group): [Group, Group] => [group, leave(group, clipped(group, event), nowMs)]),
    ]
    return changes.flatMap(([before, after]) => {
      if (after === before) return []
      return [isTakenOver ? this.#said(after, after, undefined, nowMs) : this.#look(after, nowMs)]
    })
  }

  /** What is due. */
  takeDue(nowMs: number): Saying[] {
    this.#heedClock(nowMs)
    const ids = new Set([...this.#due.take(nowMs, maxPerRound), ...this.#takeReconsidered()])
    const groups = [...ids].flatMap((id) => this.#groups.get(id) ?? [])
    return groups.flatMap((group) => {
      const saying = this.#look(group, nowMs)
      return saying.group === group ? [] : [saying]
    })
  }

  /**
   * A silence came or went, a source was resolved: every group is due to be looked at. Not here and now: when a thousand hosts come back,
   * that would be a thousand times all groups. Who is looked at already is so to the end first, or the last ones would never come.
   */
  reconsider(): void {
    this.#isToReconsider = this.#groups.size > 0
  }

  #takeReconsidered(): string[] {
    if (this.#reconsidered === undefined && this.#isToReconsider) {
      this.#reconsidered = this.#groups.keys()
      this.#isToReconsider = false
    }
    const ids: string[] = []
    while (this.#reconsidered !== undefined && ids.length < maxPerRound) {
      const next = this.#reconsidered.next()
      if (next.done === true) this.#reconsidered = undefined
      else ids.push(next.value)
    }
    return ids
  }

  /** Somebody took the incident of a group on, by this alert. */
  acknowledge(id: string, fingerprint: string, acked: Acked, nowMs: number): Saying | undefined {
    const group = this.#groups.get(id)
    if (group === undefined) return undefined
    const [next, message] = acknowledge(group, fingerprint, acked, this.#telling(group, nowMs))
    return this.#said(group, next, message, nowMs)
  }

  /** Says of an alert that it comes and goes, wherever people hear of it. */
  sayFlapping(event: AlertEvent, nowMs: number): Saying[] {
    return this.of(event.fingerprint).map((group) => {
      const [next, message] = sayFlapping(group, event, this.#telling(group, nowMs))
      return this.#said(group, next, message, nowMs)
    })
  }

  /** Whoever took its incident on gave it back. */
  release(id: string, nowMs: number): Saying | undefined {
    const group = this.#groups.get(id)
    return group === undefined || group.acked === null ? undefined : this.#look({ ...group, acked: null }, nowMs)
  }

  #look(before: Group, nowMs: number): Saying {
    const mute = this.#muteOf(nowMs)
    const group = forgetUnheard(before, mute)
    const route = this.#routeOf(group)
    const due = dueMs(group, route, mute)
    if (due === undefined || due > nowMs) {
      this.#keep(group, nowMs)
      return { group, notifications: [] }
    }
    const [next, message] = flush(group, this.#telling(group, nowMs))
    return this.#said(group, next, message, nowMs)
  }

  #said(before: Group, after: Group, message: Message | undefined, nowMs: number): Saying {
    if (message === undefined) {
      this.#keep(after, nowMs, nowMs + nothingSaidMs)
      return { group: after, notifications: [] }
    }
    const { channels } = this.#view
    const named = before.named_channels ?? this.#routeOf(before).channels
    const present = new Set(channels.map(({ name }) => name))
    const heard = after.told_channels.filter((name) => present.has(name))
    const told = [...new Set([...heard, ...channelsFor(named, message.worst, channels)])]
    const group: Group = { ...after, told_channels: after.incident === null ? [] : told }
    this.#keep(group, nowMs)
    const hosts = new Set(message.alerts.map(({ host }) => host))
    const [host = null] = hosts
    const figures = hosts.size === 1 ? this.#view.figuresOf(host) : null
    return { group, notifications: notificationsOf({ ...message, figures, ...levelOf(message) }, before, told) }
  }

  #heedClock(nowMs: number): void {
    const wasSetBack = nowMs < this.#latestMs - setBackMs
    this.#latestMs = wasSetBack ? nowMs : Math.max(nowMs, this.#latestMs)
    if (wasSetBack) for (const group of this.#groups.values()) this.#keep(notAfter(group, nowMs), nowMs)
  }

  #keep(group: Group, nowMs: number, earliestMs = 0): void {
    this.#index(this.#groups.get(group.id)?.members ?? {}, group)
    if (isSpent(group)) {
      this.#groups.delete(group.id)
      this.#due.set(group.id, undefined)
      return
    }
    this.#groups.set(group.id, group)
    const due = dueMs(group, this.#routeOf(group), this.#muteOf(nowMs))
    this.#due.set(group.id, due === undefined ? undefined : Math.max(due, earliestMs))
  }

  #index(before: Group['members'], { id, members }: Group): void {
    for (const fingerprint of Object.keys(before)) {
      if (fingerprint in members) continue
      const holders = this.#holders.get(fingerprint)
      holders?.delete(id)
      if (holders?.size === 0) this.#holders.delete(fingerprint)
    }
    for (const fingerprint of Object.keys(members)) {
      if (fingerprint in before) continue
      const holders = this.#holders.get(fingerprint)
      if (holders === undefined) this.#holders.set(fingerprint, new Set([id]))
      else holders.add(id)
    }
  }

  #telling(group: Group, nowMs: number): Telling {
    const route = this.#routeOf(group)
    return { route, ladder: this.#view.ladderOf(route.escalation), muteOf: this.#muteOf(nowMs), nowMs }
  }

  #muteOf(nowMs: number): MuteOf {
    return (event) => muteOf(this.#view.muters, event, nowMs)
  }

  #routeOf(group: Group): Route {
    const { routes } = this.#view
    const leading = Object.values(group.members)[0]?.event
    return routes.find(group.route) ?? (leading === undefined ? undefined : routes.routesFor(leading)[0]) ?? routes.fallback
  }

  /** The group of these labels that has the alert, else the first with room. */
  #groupOf(route: Route, event: AlertEvent): Group {
    const labels = Object.fromEntries(route.groupBy.map((name) => [name, labelOf(event, name)]))
    const named = this.#view.channelsOf(event.rule)
    for (let number = 0; ; number++) {
      const id = groupId(route.id, labels, named, number)
      const group = this.#groups.get(id) ?? newGroup({ id, route: route.id, labels, named_channels: named })
      if (event.fingerprint in group.members || hasRoom(group, event)) return group
    }
  }
}

/** Nothing in it, nothing to remember: it needs no place. */
export function isSpent(group: Group): boolean {
  return group.incident === null && Object.keys(group.members).length === 0
}

function groupId(route: string, labels: Readonly<Record<string, string>>, named: readonly string[] | null, number: number): string {
  const facts = JSON.stringify([
    route,
    Object.keys(labels)
      .toSorted()
      .map((name) => [name, labels[name]]),
    named,
    number,
  ])
  return createHash('sha256').update(facts).digest('hex').slice(0, 24)
}

/** The gravest level of its alerts, and by when that is to be dealt with. */
function levelOf({ alerts, opened_ms: openedMs }: Message): Pick<Message, 'level' | 'targets'> {
  const level = Math.min(...alerts.flatMap((alert) => alert.level ?? []))
  if (!Number.isFinite(level)) return { level: null, targets: null }
  const targets = alerts.find((alert) => alert.level === level)?.targets
  const by = (seconds: number | null): number | null => (seconds === null ? null : openedMs + seconds * 1000)
  if (targets == null) return { level, targets: null }
  return {
    level,
    targets: { respond_ms: by(targets.respond_seconds), cause_ms: by(targets.cause_seconds), recover_ms: by(targets.recover_seconds) },
  }
}
