import type { ChannelMemory } from '../channels/channel.ts'
import type { FencedBucket } from '../state/fenced-bucket.ts'
import type { Notification } from './notification.ts'
import type { MemoryRecord, StoredOutboxRecord } from './outbox-record.ts'

/** Incidents that are kept in mind, over all channels; the one that was told longest ago goes first, and its next message is a new one. */
const maxMemories = 20_000
const prefix = 'memory.'
/** In place of a group and an incident: what a channel keeps in mind of itself. */
const ledger = 'ledger'

/** What the channels that edit keep in mind of each incident: stored, so that whoever goes on after a crash edits the same message. */
export class ChannelMemories {
  readonly #bucket: FencedBucket<StoredOutboxRecord>
  readonly #token: number
  readonly #known = new Map<string, MemoryRecord>()

  constructor(bucket: FencedBucket<StoredOutboxRecord>, token: number) {
    this.#bucket = bucket
    this.#token = token
  }

  /** Takes up what is stored under a key; false when the key is not one of these. */
  restore(key: string, record: StoredOutboxRecord): boolean {
    if (!key.startsWith(prefix)) return false
    if ('memory' in record) this.#known.set(key, record)
    return true
  }

  /** undefined when the incident was not told on this channel, or another one of the group was told last. */
  of(notification: Notification): ChannelMemory | undefined {
    const known = this.#known.get(keyOf(notification))
    return known?.incident === notification.message.incident ? known.memory : undefined
  }

  async keep({ channel, group, message }: Notification, memory: ChannelMemory, nowMs: number): Promise<void> {
    await this.#write({ channel, group, incident: message.incident, memory, time_ms: nowMs })
  }

  /** What a channel keeps in mind of itself; nothing when it has not kept anything. */
  ledgerOf(channel: string): ChannelMemory {
    return this.#known.get(keyOf({ channel, group: ledger }))?.memory ?? {}
  }

  async keepLedger(channel: string, memory: ChannelMemory, nowMs: number): Promise<void> {
    await this.#write({ channel, group: ledger, incident: ledger, memory, time_ms: nowMs })
  }

  async #write(kept: Omit<MemoryRecord, 'token' | 'notification'>): Promise<void> {
    const key = keyOf(kept)
    const record = { token: this.#token, notification: null, ...kept }
    this.#known.delete(key)
    this.#known.set(key, record)
    await this.#bucket.put(key, record)
    const [oldest] = this.#known.keys()
    if (oldest !== undefined && this.#known.size > maxMemories) await this.#remove(oldest)
  }

  /** The incident is over, and the channel has heard of it. */
  async forget(notification: Notification): Promise<void> {
    if (this.of(notification) !== undefined) await this.#remove(keyOf(notification))
  }

  async #remove(key: string): Promise<void> {
    this.#known.delete(key)
    await this.#bucket.delete(key)
  }
}

function keyOf({ channel, group }: Pick<Notification, 'channel' | 'group'>): string {
  return `${prefix}${channel}.${group}`
}
