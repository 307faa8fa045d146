import type { Clock } from '@nightshift/shared/clock'
import type { Log } from '../log.ts'
import type { Progress } from './server-address.ts'

/** A connection that is open until it is closed or breaks. */
export interface Connection {
  readonly isOpen: boolean
  /** Ends it at once, whatever is under way. */
  close(): void
}

interface SessionOptions<C extends Connection> {
  /** `postgres main`: what messages call it. */
  name: string
  /** Connects and logs in; gives up when the signal is aborted. */
  open(signal: AbortSignal, progress: Progress): Promise<C>
  /** Why it failed, for a person and without a secret. */
  explain(error: unknown): string
  explainLate(progress: Progress): string
  /** What one question may take, connecting included. */
  patienceMs: number
  clock: Clock
  log: Log
}

const firstWaitMs = 1000
const longestWaitMs = 30_000

/**
 * Questions to one server over one kept connection. A server that does not answer costs one attempt at a time, each within `patienceMs` and
 * with growing pauses between; it is said once. Never rejects.
 */
export class Session<C extends Connection> {
  readonly #options: SessionOptions<C>
  #connection: C | undefined
  #current: AbortController | undefined
  #progress: Progress = { connected: false }
  #failures = 0
  #retryAtMs = 0
  #complaint = ''
  #isClosed = false

  constructor(options: SessionOptions<C>) {
    this.#options = options
  }

  /** The answer; undefined when the server did not give one, or is left alone for a while. */
  async ask<T>(question: (connection: C) => Promise<T>): Promise<T | undefined> {
    const { clock, patienceMs } = this.#options
    if (this.#isClosed || this.#current !== undefined || clock.monotonicMs() < this.#retryAtMs) return undefined
    const current = new AbortController()
    this.#current = current
    const timer = setTimeout(() => current.abort(), patienceMs)
    try {
      const answer = await this.#attempt(question, current.signal)
      this.#noteSuccess()
      return answer
    } catch (error) {
      this.#drop()
      this.#noteFailure(error, current.signal.aborted)
      return undefined
    } finally {
      clearTimeout(timer)
      this.#current = undefined
    }
  }

  close(): void {
    this.#isClosed = true
    this.#current?.abort()
    this.#drop()
  }

  /** A kept connection may have ended since the last question, by a restart of the server for example: then once more on a new one. */
  async #attempt<T>(question: (connection: C) => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#connection?.isOpen === true) {
      try {
        return await orAborted(question(this.#connection), signal)
      } catch (error) {
        if (signal.aborted || this.#connection?.isOpen === true) throw error
      }
    }
    this.#drop()
    const connection = await orAborted(this.#open(signal), signal)
    return await orAborted(question(connection), signal)
  }

  async #open(signal: AbortSignal): Promise<C> {
    this.#progress = { connected: false }
    const connection = await this.#options.open(signal, this.#progress)
    if (signal.aborted || this.#isClosed) connection.close()
    else this.#connection = connection
    return connection
  }

  #drop(): void {
    this.#connection?.close()
    this.#connection = undefined
  }

  #noteSuccess(): void {
    const { name, log } = this.#options
    if (this.#failures > 0) log.info({ server: name }, `${name} answers again`)
    this.#failures = 0
    this.#retryAtMs = 0
    this.#complaint = ''
  }

  #noteFailure(error: unknown, isLate: boolean): void {
    const { name, log, clock } = this.#options
    if (this.#isClosed) return
    this.#retryAtMs = clock.monotonicMs() + Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(this.#failures, 10))
    this.#failures++
    const complaint = isLate ? this.#options.explainLate(this.#progress) : this.#options.explain(error)
    if (complaint === this.#complaint) return
    this.#complaint = complaint
    log.warn({ server: name }, `${name} gives no metrics: ${complaint}`)
  }
}

/** What one look may take: less than half of the cadence, so that a server that hangs does not count as a group over its budget. */
export function defaultPatienceMs(everyMs: number): number {
  return Math.min(5000, Math.max(1000, 0.4 * everyMs))
}

/** Settles at once when the signal is aborted, whatever becomes of the promise. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => undefined)
  if (signal.aborted) throw new DOMException('aborted', 'AbortError')
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(new DOMException('aborted', 'AbortError'))
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
