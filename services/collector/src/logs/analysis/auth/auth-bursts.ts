export interface BurstBounds {
  readonly failures: number
  readonly windowMs: number
}

/** Many failed logins within the window: from one address, or from anywhere (`address` null). */
export interface Burst {
  readonly address: string | null
  readonly failures: number
  readonly timeMs: number
  /** Most failures first, at most 20. */
  readonly sources: readonly (readonly [address: string, failures: number])[]
  readonly users: readonly string[]
}

interface Attempt {
  readonly timeMs: number
  readonly address: string
  readonly user: string | undefined
  readonly count: number
}

/** A burst from everywhere takes that many times the failures of one address. */
const fromAnywhereFactor = 5
const maxAttempts = 4096
const topSources = 20
const topUsers = 10
export const unknownAddress = 'unknown'

/** Failed logins of the last minutes, and whether they are a burst. A burst that goes on is told once per window. No clock: times come in. */
export class AuthBursts {
  readonly #bounds: BurstBounds
  #attempts: Attempt[] = []
  #first = 0
  readonly #perAddress = new Map<string, number>()
  #total = 0
  /** By address (or all): until when it is not told again. */
  readonly #quietUntilMs = new Map<string, number>()

  constructor(bounds: BurstBounds) {
    this.#bounds = bounds
  }

  add(address: string, user: string | undefined, count: number, timeMs: number): Burst | undefined {
    this.#expire(timeMs - this.#bounds.windowMs)
    if (this.#attempts.length - this.#first >= maxAttempts) this.#drop()
    this.#attempts.push({ timeMs, address, user, count })
    const ofAddress = (this.#perAddress.get(address) ?? 0) + count
    this.#perAddress.set(address, ofAddress)
    this.#total += count
    if (address !== unknownAddress && ofAddress >= this.#bounds.failures && this.#mayTell(address, timeMs))
      return this.#burst(address, ofAddress, timeMs)
    const isMany =
      this.#total >= this.#bounds.failures * (address === unknownAddress && this.#perAddress.size === 1 ? 1 : fromAnywhereFactor)
    return isMany && this.#mayTell('', timeMs) ? this.#burst(null, this.#total, timeMs) : undefined
  }

  #burst(address: string | null, failures: number, timeMs: number): Burst {
    const sources = [...this.#perAddress].toSorted((a, b) => b[1] - a[1]).slice(0, topSources)
    const users = new Set<string>()
    for (const attempt of this.#attempts.slice(this.#first)) {
      if (attempt.user !== undefined && attempt.user !== '' && (address === null || attempt.address === address)) users.add(attempt.user)
      if (users.size >= topUsers) break
    }
    return { address, failures, timeMs, sources, users: [...users] }
  }

  #mayTell(key: string, timeMs: number): boolean {
    if (timeMs < (this.#quietUntilMs.get(key) ?? 0)) return false
    for (const [each, untilMs] of this.#quietUntilMs) if (untilMs <= timeMs) this.#quietUntilMs.delete(each)
    this.#quietUntilMs.set(key, timeMs + this.#bounds.windowMs)
    return true
  }

  #expire(beforeMs: number): void {
    while (this.#first < this.#attempts.length && (this.#attempts[this.#first] as Attempt).timeMs <= beforeMs) this.#drop()
    if (this.#first < 1024) return
    this.#attempts = this.#attempts.slice(this.#first)
    this.#first = 0
  }

  #drop(): void {
    const { address, count } = this.#attempts[this.#first++] as Attempt
    this.#total -= count
    const left = (this.#perAddress.get(address) ?? 0) - count
    if (left > 0) this.#perAddress.set(address, left)
    else this.#perAddress.delete(address)
  }
}
