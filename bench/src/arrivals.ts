import type { Connection } from './bench-broker.ts'

export interface Arrival {
  /** performance.now(), when the message was handed to us. */
  atMs: number
  subject: string
  event: Record<string, unknown>
}

/** What arrives on a subject from now on, by a plain subscription: the moment a message is on the bus, not when it is stored. */
export class Arrivals {
  readonly #waiters = new Set<(arrival: Arrival) => void>()
  readonly #connection: Connection
  readonly #what: string
  #count = 0

  constructor(connection: Connection, subject: string) {
    this.#connection = connection
    this.#what = subject
    connection.subscribe(subject, {
      callback: (error, message) => {
        const atMs = performance.now()
        if (error !== null) return
        this.#count++
        if (this.#waiters.size === 0) return
        const arrival = { atMs, subject: message.subject, event: message.json<Record<string, unknown>>() }
        for (const wake of this.#waiters) wake(arrival)
      },
    })
  }

  /** Messages so far. */
  get count(): number {
    return this.#count
  }

  /** Resolves when the server knows of the subscription. */
  async ready(): Promise<void> {
    await this.#connection.flush()
  }

  /** The first message from now on that fits. Ask before doing what sets it off. */
  next(fits: (arrival: Arrival) => boolean, deadlineMs: number, signal: AbortSignal): Promise<Arrival> {
    const { promise, resolve, reject } = Promise.withResolvers<Arrival>()
    const take = (arrival: Arrival): void => {
      if (fits(arrival)) resolve(arrival)
    }
    const interrupt = (): void => reject(signal.reason)
    const timer = setTimeout(() => reject(new Error(`nothing that fits came on ${this.#what} within ${deadlineMs / 1000} s`)), deadlineMs)
    this.#waiters.add(take)
    signal.addEventListener('abort', interrupt)
    if (signal.aborted) interrupt()
    return promise.finally(() => {
      clearTimeout(timer)
      this.#waiters.delete(take)
      signal.removeEventListener('abort', interrupt)
    })
  }
}
