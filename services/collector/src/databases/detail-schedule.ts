/** Looks come a little early or late; one that is due in a moment is taken now. */
const slackMs = 100

/** When what costs more than the rest is asked for: on the first look, then every so often. */
export class DetailSchedule {
  readonly #everyMs: number
  #dueMs = Number.NEGATIVE_INFINITY

  constructor(everyMs: number) {
    this.#everyMs = everyMs
  }

  isDue(nowMs: number): boolean {
    return nowMs >= this.#dueMs
  }

  /** Before it is asked, so that what fails because it is too slow is not asked on every look. */
  noteAsked(nowMs: number): void {
    this.#dueMs = nowMs + this.#everyMs - slackMs
  }

  /** After the server was away all is asked for at once. */
  reset(): void {
    this.#dueMs = Number.NEGATIVE_INFINITY
  }
}
