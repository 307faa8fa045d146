const maxWaiting = 20_000
/** A file that is being written is taken when it has been quiet for so long. */
export const settleMs = 500
/** One that is written all the time is taken as it is after this. */
const restlessMs = 10_000

interface Waiting {
  /** Since when the oldest change of it waits. */
  readonly sinceMs: number
  /** When it was last seen to change. */
  readonly lastMs: number
}

/** Files that wait to be stored, the longest waiting first. Bounded: when there are too many, all is compared instead. */
export class MirrorBacklog {
  readonly #waiting = new Map<string, Waiting>()
  /** Since when it is not known what changed. */
  #unknownSinceMs: number | undefined
  #comparedSinceMs: number | undefined

  get size(): number {
    return this.#waiting.size
  }

  /** All has to be compared. */
  get hasOverflown(): boolean {
    return this.#unknownSinceMs !== undefined || this.#comparedSinceMs !== undefined
  }

  /** Since when the oldest change waits; undefined when none does. */
  get oldestMs(): number | undefined {
    // A map keeps the order in which files came in.
    const [first] = this.#waiting.values()
    const times = [first?.sinceMs, this.#unknownSinceMs, this.#comparedSinceMs].filter((each) => each !== undefined)
    return times.length === 0 ? undefined : Math.min(...times)
  }

  add(path: string, nowMs: number): void {
    const known = this.#waiting.get(path)
    if (known === undefined && this.#waiting.size >= maxWaiting) this.overflow(nowMs)
    else this.#waiting.set(path, { sinceMs: known?.sinceMs ?? nowMs, lastMs: nowMs })
  }

  /** Something changed, and it is not known what. */
  overflow(nowMs: number): void {
    this.#unknownSinceMs ??= nowMs
  }

  /** All is compared from now on: what was not known will be. It counts as waiting until it has been. */
  beginAll(nowMs: number): void {
    if (this.#unknownSinceMs !== undefined) this.#comparedSinceMs ??= Math.min(this.#unknownSinceMs, nowMs)
    this.#unknownSinceMs = undefined
  }

  endAll(): void {
    this.#comparedSinceMs = undefined
  }

  /** The next file that has been quiet for a while, or that never gets quiet. */
  next(nowMs: number): string | undefined {
    for (const [path, { lastMs, sinceMs }] of this.#waiting) if (nowMs - lastMs >= settleMs || nowMs - sinceMs >= restlessMs) return path
    return undefined
  }

  /** Begins with a file; give what comes back to `finish`. */
  take(path: string): number {
    return this.#waiting.get(path)?.lastMs ?? 0
  }

  /** It is stored as it was; a change that came meanwhile still waits. */
  finish(path: string, takenMs: number): void {
    const known = this.#waiting.get(path)
    if (known === undefined) return
    this.#waiting.delete(path)
    if (known.lastMs > takenMs) this.#waiting.set(path, { sinceMs: known.lastMs, lastMs: known.lastMs })
  }
}
