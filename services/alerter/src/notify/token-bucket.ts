/** How many messages a person can take. */
export interface Rate {
  /** So many at once ... */
  readonly burst: number
  /** ... and so many again over this time. */
  readonly perMs: number
  /** So many may wait for their turn before they are put together; the default is none. */
  readonly patience?: number
}

/** Counts out messages at a rate. The clock is handed in. */
export class TokenBucket {
  readonly #rate: Rate
  #tokens: number
  #atMs: number

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate
    this.#tokens = rate.burst
    this.#atMs = nowMs
  }

  /** Takes one out; false when there is none. */
  take(nowMs: number): boolean {
    this.#refill(nowMs)
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  /** When there is one again; now when there is one. */
  nextMs(nowMs: number): number {
    this.#refill(nowMs)
    return this.#tokens >= 1 ? nowMs : nowMs + Math.ceil((1 - this.#tokens) * (this.#rate.perMs / this.#rate.burst))
  }

  /** A clock that was set back gives nothing and takes nothing. */
  #refill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#atMs)
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + (elapsedMs * this.#rate.burst) / this.#rate.perMs)
    this.#atMs = nowMs
  }
}
