import type { Connection } from '../bench-broker.ts'

/** Results of checks that went over the bus so far. */
export interface Counted {
  readonly runs: number
  /** Not ok, for whatever reason. */
  readonly failed: number
}

/** Counts the results on a subject, and the failures among them: a benchmark of checks that fail would be one of something else. */
export class CheckCounts {
  readonly #connection: Connection
  #runs = 0
  #failed = 0

  constructor(connection: Connection, subject: string) {
    this.#connection = connection
    connection.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) return
        this.#runs++
        if (message.json<{ ok: boolean | null }>().ok !== true) this.#failed++
      },
    })
  }

  /** Resolves when the server knows of the subscription. */
  async ready(): Promise<void> {
    await this.#connection.flush()
  }

  read(): Counted {
    return { runs: this.#runs, failed: this.#failed }
  }
}
