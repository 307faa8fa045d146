import { isHealOver } from './heals.ts'
import { entryKinds, type Change, type EntryKind, type EntryOf, type FleetModel } from './model.ts'

/** The most entries of a kind. Events come from the configuration. */
export type Limits = Record<EntryKind, number>

export const defaultLimits: Limits = { host: 1000, trend: 2000, check: 5000, alert: 1000, heal: 300, agent: 5000, event: 500 }

type Maps = { [K in EntryKind]: Map<string, EntryOf[K]> }

/** `host/web-1`: names an entry to the browser. */
export function entryKey(kind: EntryKind, id: string): string {
  return `${kind}/${id}`
}

/** The state of the console: takes changes in, within limits, and tells who listens which keys they touched. */
export class Fleet {
  readonly #maps: Maps = {
    host: new Map(),
    trend: new Map(),
    check: new Map(),
    alert: new Map(),
    heal: new Map(),
    agent: new Map(),
    event: new Map(),
  }
  readonly #listeners = new Set<(keys: readonly string[]) => void>()
  #limits: Limits
  /** Entries that found no room, by kind, since the start. Events and what is over give way without being counted. */
  readonly dropped: Record<EntryKind, number> = { host: 0, trend: 0, check: 0, alert: 0, heal: 0, agent: 0, event: 0 }

  constructor(limits: Limits) {
    this.#limits = limits
  }

  get model(): FleetModel {
    return this.#maps
  }

  set limits(limits: Limits) {
    this.#limits = limits
  }

  onChange(listener: (keys: readonly string[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  apply(changes: readonly Change[]): void {
    const keys = changes.flatMap((change) => this.#put(change))
    if (keys.length === 0) return
    for (const listener of this.#listeners) listener(keys)
  }

  /** The entry of a key, or undefined when it is gone. */
  find(key: string): EntryOf[EntryKind] | undefined {
    const slash = key.indexOf('/')
    const kind = entryKinds.find((name) => name === key.slice(0, slash))
    return kind === undefined ? undefined : this.#maps[kind].get(key.slice(slash + 1))
  }

  /** The keys that it touched. */
  #put(change: Change): string[] {
    const map: Map<string, EntryOf[EntryKind]> = this.#maps[change.kind]
    const key = entryKey(change.kind, change.id)
    if (change.entry === null) return map.delete(change.id) ? [key] : []
    if (map.get(change.id) === change.entry) return []
    const evicted = map.has(change.id) ? [] : this.#makeRoom(change)
    if (evicted === undefined) {
      if (change.kind !== 'event') this.dropped[change.kind]++
      return []
    }
    map.set(change.id, change.entry)
    return [key, ...evicted]
  }

  /** Lets the oldest go that may go, and says which; undefined when there is no room for the new one. */
  #makeRoom(change: Change): string[] | undefined {
    const excess = this.#maps[change.kind].size - this.#limits[change.kind] + 1
    if (excess <= 0) return []
    const oldest = listExpendable(this.#maps, change)
      .toSorted((a, b) => (a.time < b.time ? -1 : 1))
      .slice(0, excess)
    if (oldest.length < excess) return undefined
    for (const { id } of oldest) this.#maps[change.kind].delete(id)
    return oldest.map(({ id }) => entryKey(change.kind, id))
  }
}

/** What may give way to a new entry: events that are not newer, resolved alerts, finished heals. */
function listExpendable(model: FleetModel, change: Change): { id: string; time: string }[] {
  switch (change.kind) {
    case 'event': {
      const newest = change.entry?.time ?? ''
      return [...model.event.values()].filter((item) => item.time <= newest)
    }
    case 'alert':
      return [...model.alert].filter(([, alert]) => alert.state === 'resolved').map(([id, alert]) => ({ id, time: alert.changed_time }))
    case 'heal':
      return [...model.heal].filter(([, heal]) => isHealOver(heal.phase)).map(([id, heal]) => ({ id, time: heal.changed_time }))
    default:
      return []
  }
}
