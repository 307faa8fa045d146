import { isoTime } from '@nightshift/shared/clock'
import { entryKey, type Fleet } from '../fleet/fleet.ts'
import { entryKinds, type EntryKind, type EntryOf, type FeedItem, type FleetModel } from '../fleet/model.ts'

/** What the console says about itself. */
export interface ConsoleStatus {
  title: string
  version: string
  /** Hash of the browser's files: a page that was loaded with others loads itself again. */
  build: string
  bus: 'connecting' | 'connected' | 'disconnected' | 'closed'
  /** False while it reads what happened before it came. */
  caught_up: boolean
  /** Things there was no room for, by kind; empty when all is shown. */
  dropped: Partial<Record<EntryKind, number>>
}

/** Events that a browser gets when it comes; the API gives all. */
const eventsPerPage = 100

/** Entries by key, absent ones listed: what the browser merges into what it has. */
export interface LiveMessage {
  time: string
  status: ConsoleStatus
  set: Record<string, EntryOf[EntryKind]>
  gone: string[]
}

/** The whole state, as a browser gets it first. */
export function snapshotMessage(fleet: Fleet, status: ConsoleStatus, nowMs: number): LiveMessage {
  const set: LiveMessage['set'] = {}
  for (const kind of entryKinds) {
    if (kind === 'event') continue
    for (const [id, entry] of fleet.model[kind]) set[entryKey(kind, id)] = entry
  }
  for (const item of listEvents(fleet).slice(0, eventsPerPage)) set[entryKey('event', item.id)] = item
  return { time: isoTime(nowMs), status, set, gone: [] }
}

/** The present value of each key that changed. */
export function deltaMessage(fleet: Fleet, status: ConsoleStatus, keys: Iterable<string>, nowMs: number): LiveMessage {
  const set: LiveMessage['set'] = {}
  const gone: string[] = []
  for (const key of keys) {
    const entry = fleet.find(key)
    if (entry === undefined) gone.push(key)
    else set[key] = entry
  }
  return { time: isoTime(nowMs), status, set, gone }
}

/** `GET /api/v1/state`: the same for scripts and people with curl. */
export function describeState(fleet: Fleet, status: ConsoleStatus, nowMs: number) {
  const { model } = fleet
  return {
    time: isoTime(nowMs),
    status,
    hosts: [...model.host.values()],
    checks: [...model.check.values()].filter((check) => check.state !== 'removed'),
    alerts: [...model.alert.values()].toSorted((a, b) => (a.changed_time < b.changed_time ? 1 : -1)),
    heals: [...model.heal.values()].toSorted((a, b) => (a.changed_time < b.changed_time ? 1 : -1)),
    agents: [...model.agent.values()],
    events: listEvents(fleet),
  }
}

/** How many of each, by state: what `ops.rpc.reporter.summary` answers. */
export function summarize(model: FleetModel) {
  return {
    hosts: model.host.size,
    checks: countBy(model.check.values(), 'state'),
    alerts: countBy(model.alert.values(), 'state'),
    heals: countBy(model.heal.values(), 'phase'),
    agents: countBy(model.agent.values(), 'state'),
  }
}

function countBy<K extends string>(entries: Iterable<Record<K, string>>, field: K): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const entry of entries) counts[entry[field]] = (counts[entry[field]] ?? 0) + 1
  return counts
}

/** Newest first. */
function listEvents(fleet: Fleet): FeedItem[] {
  return [...fleet.model.event.values()].toSorted((a, b) => (a.time === b.time ? (a.id < b.id ? 1 : -1) : a.time < b.time ? 1 : -1))
}
