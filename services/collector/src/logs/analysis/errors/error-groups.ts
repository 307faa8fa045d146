import { ByteTable, copyBytes } from '../bytes/byte-table.ts'
import { fingerprint } from './fingerprint.ts'

export interface ErrorGroup {
  readonly fingerprint: string
  readonly key: Uint8Array
  level: number
  firstSeenMs: number
  lastSeenMs: number
  count: number
  /** Of the first line, unmasked: it does not leave this process like this. */
  readonly sample: string
  readonly stack: string
  requestId: string | undefined
  logger: string | undefined
  /** The sample as it is sent in a label; masked once, when it is needed. */
  label?: string
  /** Of those, how many were not said yet, and when the next may be said. */
  unsaid: number
  dueMs: number
}

/** One error line, its shape written into the buffer of the caller. */
export interface ErrorSighting {
  readonly level: number
  readonly timeMs: number
  readonly requestId: string | undefined
  readonly logger: string | undefined
  readonly stack: string
  /** Called only for a group that is new. */
  sample(): string
}

/** What is kept of a group across a restart. */
export type SavedGroup = readonly [fingerprint: string, firstSeenMs: number, lastSeenMs: number, count: number]

const maxGroups = 512
/** Of those that were seen before the restart and not since. */
const maxRemembered = 512

/** Groups of error lines that say the same. When there are too many the one that was seen longest ago makes room. */
export class ErrorGroups {
  /** Groups that made room for others. */
  overflowTotal = 0
  readonly #table = new ByteTable<ErrorGroup>(maxGroups)
  /** The one that was seen longest ago first. */
  readonly #order = new Set<ErrorGroup>()
  readonly #remembered = new Map<string, SavedGroup>()

  constructor(saved: readonly SavedGroup[]) {
    for (const each of saved.slice(0, maxRemembered)) this.#remembered.set(each[0], each)
  }

  get size(): number {
    return this.#table.size
  }

  groups(): ErrorGroup[] {
    return [...this.#order]
  }

  add(shape: Buffer, length: number, sighting: ErrorSighting): ErrorGroup {
    const group = this.#table.find(shape, 0, length) ?? this.#create(shape, length, sighting)
    this.#order.delete(group)
    this.#order.add(group)
    group.count++
    group.unsaid++
    group.level = Math.max(group.level, sighting.level)
    group.lastSeenMs = Math.max(group.lastSeenMs, sighting.timeMs)
    group.requestId = sighting.requestId ?? group.requestId
    return group
  }

  save(): SavedGroup[] {
    const current = this.groups().map((each): SavedGroup => [each.fingerprint, each.firstSeenMs, each.lastSeenMs, each.count])
    return [...current, ...this.#remembered.values()].toSorted((a, b) => b[2] - a[2]).slice(0, maxRemembered)
  }

  #create(shape: Buffer, length: number, sighting: ErrorSighting): ErrorGroup {
    if (this.#table.isFull) this.#evict()
    const name = fingerprint(shape, length)
    const known = this.#remembered.get(name)
    this.#remembered.delete(name)
    const group: ErrorGroup = {
      fingerprint: name,
      key: copyBytes(shape, 0, length),
      level: sighting.level,
      firstSeenMs: known?.[1] ?? sighting.timeMs,
      lastSeenMs: known?.[2] ?? sighting.timeMs,
      count: known?.[3] ?? 0,
      sample: sighting.sample(),
      stack: sighting.stack,
      requestId: undefined,
      logger: sighting.logger,
      unsaid: 0,
      dueMs: 0,
    }
    this.#table.add(group.key, group)
    return group
  }

  #evict(): void {
    const oldest = this.#order.values().next().value
    if (oldest === undefined) return
    this.#order.delete(oldest)
    this.#table.delete(oldest.key, 0, oldest.key.length)
    this.overflowTotal++
    // Seen again later it still has its first time and its count.
    if (this.#remembered.size >= maxRemembered) this.#remembered.delete(this.#remembered.keys().next().value ?? '')
    this.#remembered.set(oldest.fingerprint, [oldest.fingerprint, oldest.firstSeenMs, oldest.lastSeenMs, oldest.count])
  }
}
