const dayMs = 86_400_000
const maxPhones = 1000

/**
 * How many messages a phone gets within 24 hours. What went out is kept in memory, so a new process does not know what the one before sent:
 * it starts with a quarter, and the rest comes over the day. A restart thus costs at most a quarter more.
 */
export class Budget {
  readonly #perDay: number
  readonly #openedMs: number
  readonly #sent = new Map<string, number[]>()

  constructor(perDay: number, nowMs: number) {
    this.#perDay = perDay
    this.#openedMs = nowMs
  }

  /** Takes one out; false when there is none. */
  take(phone: string, nowMs: number): boolean {
    const sent = (this.#sent.get(phone) ?? []).filter((atMs) => nowMs - atMs < dayMs)
    const share = 1 / 4 + Math.max(0, nowMs - this.#openedMs) / dayMs
    const allowed = Math.min(this.#perDay, Math.ceil(this.#perDay * share))
    if (sent.length >= allowed) return false
    if (!this.#sent.has(phone) && this.#sent.size >= maxPhones) for (const oldest of this.#sent.keys().take(1)) this.#sent.delete(oldest)
    this.#sent.set(phone, [...sent, nowMs])
    return true
  }

  /** The message did not go out. */
  giveBack(phone: string): void {
    this.#sent.get(phone)?.pop()
  }
}
