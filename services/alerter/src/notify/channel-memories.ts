import type { ChannelMemory } from '../channels/channel.ts'
import type { FencedBucket } from '../state/fenced-bucket.ts'
import type { Notification } from './notification.ts'
import type { MemoryRecord, StoredOutboxRecord } from './outbox-record.ts'

/** Incidents that are kept in mind, over all channels; the one that was told longest ago goes first, and its next message is a new one. */
const maxMemories = 20_000
const prefix = 'memory.'

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

  async keep(notification: Notification, memory: ChannelMemory, nowMs: number): Promise<void> {
    const { channel, group, message } = notification
    const key = keyOf(notification)
    const record = { token: this.#token, notification: null, channel, group, incident: message.incident, memory, time_ms: nowMs }
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

function keyOf({ channel, group }: Notification): string {
  return `${prefix}${channel}.${group}`
}
