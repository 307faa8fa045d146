import type { NotifyEvent } from '@nightshift/shared/events/notify'
import type { FencedBucket } from '../state/fenced-bucket.ts'
import { setBackMs } from '../group/clock-set-back.ts'
import type { Notification } from './notification.ts'
import { giveUpAfterMs } from './retry.ts'
import { ChannelMemories } from './channel-memories.ts'
import type { OutboxRecord, StoredOutboxRecord } from './outbox-record.ts'

/** Notifications on their way at once; what comes on top is refused, said and counted. */
const maxWaiting = 10_000

/** Of an outcome that no checkpoint covers yet. */
const notYetTold = Number.MAX_SAFE_INTEGER

/** A notification in memory, with the place where it is stored. */
export interface Entry {
  readonly slot: number
  record: OutboxRecord
  /** An attempt may have been taken without our hearing of it: before a crash, or because nobody answered. */
  isInDoubt: boolean
}

/**
 * The notifications that are on their way: stored before the checkpoint passes what led to them, so that neither a crash nor a restart loses
 * one. Places are used again, so the bucket does not grow with time.
 */
export class Outbox {
  /** What channels keep in mind of incidents. */
  readonly memories: ChannelMemories
  readonly #bucket: FencedBucket<StoredOutboxRecord>
  readonly #token: number
  readonly #entries = new Map<string, Entry>()
  readonly #freeSlots: number[] = []
  #slots = 0
  #order = 0
  #waiting = 0

  constructor(bucket: FencedBucket<StoredOutboxRecord>, token: number) {
    this.#bucket = bucket
    this.#token = token
    this.memories = new ChannelMemories(bucket, token)
  }

  /** Those that wait to be sent, in order. */
  get waiting(): Entry[] {
    return [...this.#entries.values()].filter(({ record }) => record.outcome === null).toSorted((a, b) => a.record.order - b.record.order)
  }

  get waitingCount(): number {
    return this.#waiting
  }

  /** Reads what is stored. Returns the outcomes that may not have been told yet. */
  async load(checkpoint: number, nowMs: number): Promise<NotifyEvent[]> {
    const untold: NotifyEvent[] = []
    for (const [key, record] of await this.#bucket.load()) {
      if (this.memories.restore(key, record)) continue
      const slot = Number(key.slice(key.lastIndexOf('.') + 1))
      if (!Number.isSafeInteger(slot)) continue
      this.#slots = Math.max(this.#slots, slot + 1)
      if (record.notification === null || (record.outcome !== null && record.checkpoint <= checkpoint)) continue
      // Of a clock that was set back since: it would wait until that time comes again.
      const isAhead = record.created_ms > nowMs + setBackMs || record.next_ms > nowMs + giveUpAfterMs
      const entry: Entry = { slot, record: isAhead ? { ...record, created_ms: nowMs, next_ms: nowMs } : record, isInDoubt: true }
      this.#entries.set(entryKey(record.notification), entry)
      this.#order = Math.max(this.#order, record.order)
      if (record.outcome === null) {
        this.#waiting++
        continue
      }
      untold.push(record.outcome)
      // It is told now, before that checkpoint.
      if (record.checkpoint === notYetTold) await this.settle(entry, record.outcome, checkpoint + 1)
    }
    const taken = new Set([...this.#entries.values()].map((entry) => entry.slot))
    for (let slot = this.#slots - 1; slot >= 0; slot--) if (!taken.has(slot)) this.#freeSlots.push(slot)
    return untold
  }

  /** Stores a notification. `known`: it is there already. `full`: there is no place. */
  async add(notification: Notification, now: number, checkpoint: number): Promise<Entry | 'known' | 'full'> {
    const key = entryKey(notification)
    if (this.#entries.has(key)) return 'known'
    if (this.#waiting >= maxWaiting) return 'full'
    const slot = this.#freeSlots.pop() ?? this.#slots++
    const record: OutboxRecord = {
      token: this.#token,
      notification,
      order: ++this.#order,
      created_ms: now,
      attempts: 0,
      next_ms: now,
      outcome: null,
      checkpoint,
    }
    const entry: Entry = { slot, record, isInDoubt: false }
    this.#entries.set(key, entry)
    this.#waiting++
    await this.#bucket.put(slotKey(slot), record)
    return entry
  }

  /** An attempt failed; the next is due at `nextMs`. */
  async defer(entry: Entry, nextMs: number): Promise<void> {
    await this.#write(entry, { ...entry.record, attempts: entry.record.attempts + 1, next_ms: nextMs })
  }

  /** It is delivered, or never will be; nobody was told of that yet. */
  async note(entry: Entry, outcome: NotifyEvent): Promise<void> {
    await this.#write(entry, { ...entry.record, outcome, checkpoint: notYetTold })
  }

  /** What became of it is told before this checkpoint. */
  async settle(entry: Entry, outcome: NotifyEvent, checkpoint: number): Promise<void> {
    await this.#write(entry, { ...entry.record, outcome, checkpoint })
  }

  /** A checkpoint was reached: what was settled before it needs no place any more. */
  release(checkpoint: number): void {
    for (const [key, { slot, record }] of this.#entries) {
      if (record.outcome === null || record.checkpoint > checkpoint) continue
      this.#entries.delete(key)
      this.#freeSlots.push(slot)
    }
  }

  async #write(entry: Entry, record: OutboxRecord): Promise<void> {
    if (entry.record.outcome === null && record.outcome !== null) this.#waiting--
    entry.record = { ...record, token: this.#token }
    await this.#bucket.put(slotKey(entry.slot), entry.record)
  }
}

function entryKey(notification: Notification): string {
  return `${notification.id}\u0000${notification.channel}`
}

function slotKey(slot: number): string {
  return `slot.${slot}`
}
