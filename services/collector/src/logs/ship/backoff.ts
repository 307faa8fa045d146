import { setTimeout as sleep } from 'node:timers/promises'

const firstMs = 250
/** A server that asks for more patience than this is asked again all the same. */
const longestAskedMs = 300_000

/** Waits longer after each failure in a row, with jitter, or for as long as the server asked. */
export class Backoff {
  readonly #slowestMs: number
  #failures = 0

  constructor(slowestMs: number) {
    this.#slowestMs = slowestMs
  }

  /** Rejects when the signal is aborted. */
  async wait(signal: AbortSignal, askedMs?: number): Promise<void> {
    const ownMs = Math.min(firstMs * 2 ** this.#failures, this.#slowestMs)
    this.#failures = Math.min(this.#failures + 1, 16)
    const waitMs = askedMs === undefined ? ownMs * (0.5 + Math.random() / 2) : Math.min(askedMs, longestAskedMs)
    await sleep(waitMs, undefined, { signal })
  }

  reset(): void {
    this.#failures = 0
  }
}

/** `Retry-After`: seconds, or a date. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000
  const dateMs = Date.parse(header)
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs)
}
