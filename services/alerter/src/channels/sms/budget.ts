import { createHash } from 'node:crypto'
import type { ChannelMemory } from '../channel.ts'

const hourMs = 3_600_000
const dayHours = 24
const maxPhones = 1000

/**
 * How many messages a phone gets within 24 hours, counted by the hour. What went out is stored, so a new process knows what the one before
 * sent. Until it was told (or when that is lost) it starts with a quarter, and the rest comes over the day.
 */
export class Budget {
  readonly #perDay: number
  readonly #openedMs: number
  #isKnown = false
  /** By phone, hashed: numbers do not stand in the store. Messages of each hour. */
  readonly #sent = new Map<string, Map<number, number>>()

  constructor(perDay: number, nowMs: number) {
    this.#perDay = perDay
    this.#openedMs = nowMs
  }

  /** Takes one out; false when there is none. */
  take(phone: string, nowMs: number): boolean {
    const key = keyOf(phone)
    const hour = Math.floor(nowMs / hourMs)
    const sent = new Map([...(this.#sent.get(key) ?? [])].filter(([each]) => each > hour - dayHours && each <= hour))
    const share = this.#isKnown ? 1 : 1 / 4 + Math.max(0, nowMs - this.#openedMs) / (dayHours * hourMs)
    const allowed = Math.min(this.#perDay, Math.ceil(this.#perDay * share))
    if (sent.values().reduce((sum, count) => sum + count, 0) >= allowed) return false
    if (!this.#sent.has(key) && this.#sent.size >= maxPhones) for (const oldest of this.#sent.keys().take(1)) this.#sent.delete(oldest)
    this.#sent.set(key, sent.set(hour, (sent.get(hour) ?? 0) + 1))
    return true
  }

  /** The message did not go out. */
  giveBack(phone: string): void {
    const sent = this.#sent.get(keyOf(phone))
    const last = sent?.keys().reduce((a, b) => Math.max(a, b), 0)
    const count = last === undefined ? undefined : sent?.get(last)
    if (sent === undefined || last === undefined || count === undefined) return
    if (count > 1) sent.set(last, count - 1)
    else sent.delete(last)
  }

  /** What is to be known after a restart. */
  kept(): ChannelMemory {
    const texts = [...this.#sent].map(([key, hours]) => [key, [...hours].map(([hour, count]) => `${hour}:${count}`).join(' ')] as const)
    return Object.fromEntries(texts)
  }

  /** What an earlier process kept; nothing when there was none. */
  restore(kept: ChannelMemory): void {
    this.#isKnown = true
    for (const [key, text] of Object.entries(kept)) {
      const hours = this.#sent.get(key) ?? new Map<number, number>()
      for (const each of text.split(' ')) {
        const [hour = 0, count = 0] = each.split(':').map(Number)
        if (count > 0) hours.set(hour, Math.max(count, hours.get(hour) ?? 0))
      }
      this.#sent.set(key, hours)
    }
  }
}

function keyOf(phone: string): string {
  return createHash('sha256').update(phone).digest('hex').slice(0, 16)
}
