/** How far a run has come, and with what. */
export interface RunProgress {
  /** `reading`, `copying to cloud`, ... with the path at hand. */
  readonly step: string
  readonly doneBytes: number | null
  readonly totalBytes: number | null
  readonly doneItems: number | null
  readonly totalItems: number | null
}

/** Passes on the newest progress, at most so often; the last one always comes. */
export class ProgressThrottle {
  #timer: NodeJS.Timeout | undefined
  #latest: RunProgress | undefined
  #sentMs = Number.NEGATIVE_INFINITY
  readonly #everyMs: number
  readonly #send: (progress: RunProgress) => void

  constructor(everyMs: number, send: (progress: RunProgress) => void) {
    this.#everyMs = everyMs
    this.#send = send
  }

  note(progress: RunProgress): void {
    this.#latest = progress
    if (this.#timer !== undefined) return
    const waitMs = this.#sentMs + this.#everyMs - performance.now()
    if (waitMs <= 0) this.flush()
    else this.#timer = setTimeout(() => this.flush(), waitMs)
  }

  /** Sends what waits, if anything does. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#latest === undefined) return
    const latest = this.#latest
    this.#latest = undefined
    this.#sentMs = performance.now()
    this.#send(latest)
  }
}
