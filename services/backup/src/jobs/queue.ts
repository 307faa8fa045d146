import { ConflictError } from '@nightshift/shared/errors'

/** Why a run was started. */
export type Trigger = 'schedule' | 'catch_up' | 'retry' | 'change' | 'request'

/** A run that waits, or is under way. */
export interface QueuedRun {
  readonly job: string
  readonly run: string
  readonly trigger: Trigger
  readonly signal: AbortSignal
}

interface Entry extends QueuedRun {
  readonly stopper: AbortController
}

/**
 * Runs of one host, one after the other. A job waits at most once, so the queue is as long as there are jobs; what comes for a job that is
 * waiting or under way joins it.
 */
export class RunQueue {
  readonly #waiting: Entry[] = []
  #current: { entry: Entry; done: Promise<void> } | undefined
  #isClosed = false
  readonly #perform: (run: QueuedRun) => Promise<void>

  /** `perform` may not reject. */
  constructor(perform: (run: QueuedRun) => Promise<void>) {
    this.#perform = perform
  }

  get length(): number {
    return this.#waiting.length + (this.#current === undefined ? 0 : 1)
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  get current(): QueuedRun | undefined {
    return this.#current?.entry
  }

  find(job: string): QueuedRun | undefined {
    return [this.#current?.entry, ...this.#waiting].find((entry) => entry?.job === job)
  }

  /** Gives the run that is to come, or the one of this job that was there already. */
  add(job: string, run: string, trigger: Trigger): { run: QueuedRun; isNew: boolean } {
    if (this.#isClosed) throw new ConflictError('stopping', 'the service is stopping; ask again when it is back', { transient: true })
    const known = this.find(job)
    if (known !== undefined) return { run: known, isNew: false }
    const stopper = new AbortController()
    const entry: Entry = { job, run, trigger, signal: stopper.signal, stopper }
    this.#waiting.push(entry)
    this.#next()
    return { run: entry, isNew: true }
  }

  /** Ends a run by its job or its id, also while it waits; false when there is none. */
  cancel(which: string, reason: unknown): boolean {
    const entry = [this.#current?.entry, ...this.#waiting].find((each) => each?.job === which || each?.run === which)
    if (entry === undefined) return false
    entry.stopper.abort(reason)
    return true
  }

  /** What waits is dropped, what is under way is ended; resolves when it is over. */
  async close(reason: unknown): Promise<void> {
    this.#isClosed = true
    this.#waiting.length = 0
    this.#current?.entry.stopper.abort(reason)
    await this.#current?.done
  }

  #next(): void {
    if (this.#current !== undefined) return
    const entry = this.#waiting.shift()
    if (entry === undefined) return
    const done = this.#perform(entry).finally(() => {
      this.#current = undefined
      this.#next()
    })
    this.#current = { entry, done }
  }
}
