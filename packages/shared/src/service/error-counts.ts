import { NightshiftError } from '../errors.ts'

const maxCodes = 64

/** How often each error code was logged by a service since it started; for /metrics and the heartbeat. Bounded: further codes count as `other`. */
export class ErrorCounts {
  readonly #counts = new Map<string, number>()
  /** An error that is logged on its way up counts once. */
  readonly #seen = new WeakSet()

  count(error: unknown): void {
    if (typeof error === 'object' && error !== null) {
      if (this.#seen.has(error)) return
      this.#seen.add(error)
    }
    const code = codeOf(error)
    const key = this.#counts.has(code) || this.#counts.size < maxCodes ? code : 'other'
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
  }

  byCode(): [code: string, count: number][] {
    return [...this.#counts].toSorted(([a], [b]) => (a < b ? -1 : 1))
  }
}

/** The stable code of anything thrown: ours, else the one Node gives to system errors in lower case, else `unknown`. */
export function codeOf(error: unknown): string {
  if (error instanceof NightshiftError) return error.code
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[A-Za-z0-9_]{1,64}$/.test(code) ? code.toLowerCase() : 'unknown'
}
