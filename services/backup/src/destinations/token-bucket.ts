/**
 * How long to wait so that no more than a rate is used on average. Pure: time is an argument. What is taken may exceed what is there: the
 * debt is waited for by the next, so that a pack larger than a second's worth still goes through.
 */
export class TokenBucket {
  readonly #bytesPerSecond: number
  readonly #burstBytes: number
  #balanceBytes: number
  #updatedMs: number | undefined

  constructor(bytesPerSecond: number, burstBytes = bytesPerSecond) {
    this.#bytesPerSecond = bytesPerSecond
    this.#burstBytes = burstBytes
    this.#balanceBytes = burstBytes
  }

  /** Takes the bytes and says how long to wait before using them. */
  take(bytes: number, nowMs: number): number {
    const elapsedMs = Math.max(0, nowMs - (this.#updatedMs ?? nowMs))
    this.#updatedMs = Math.max(nowMs, this.#updatedMs ?? nowMs)
    this.#balanceBytes = Math.min(this.#burstBytes, this.#balanceBytes + (elapsedMs / 1000) * this.#bytesPerSecond)
    const waitMs = this.#balanceBytes >= 0 ? 0 : (-this.#balanceBytes / this.#bytesPerSecond) * 1000
    this.#balanceBytes -= bytes
    return waitMs
  }
}
