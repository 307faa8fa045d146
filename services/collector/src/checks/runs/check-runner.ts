import type { Clock } from '@nightshift/shared/clock'
import { describeError, EffectError } from '@nightshift/shared/errors'
import { nextTick } from '../../cadence.ts'
import type { CheckConfig } from '../../config.ts'
import type { HostPaths } from '../../procfs/host-paths.ts'
import { failed, type Outcome, type RunOptions } from '../check.ts'
import { durationText } from '../../duration-text.ts'
import { loadCheckKind } from '../registry.ts'
import { firstDelayMs, slotAfter, timeoutOf } from '../../schedule.ts'

/** Requests for a run get the last result when that is younger. */
const shortestGapMs = 250

/** A run that ended. */
export interface Run {
  readonly outcome: Outcome
  readonly epochMs: number
  readonly latencySeconds: number | null
}

export interface RunnerStats {
  runs: number
  timeouts: number
  /** Due runs that were not made: the one before was still under way, or the process was late. */
  skips: number
}

export interface RunnerOptions<R> {
  name: string
  config: CheckConfig
  hostName: string
  host: HostPaths
  clock: Clock
  stats: RunnerStats
  /** Takes every run as it ends and gives what who asked for it gets. */
  report(name: string, config: CheckConfig, run: Run): R
}

/** Runs one check on its schedule and on demand, one run at a time, each with a timeout. */
export class CheckRunner<R> {
  readonly #options: RunnerOptions<R>
  readonly #everyMs: number
  readonly #originMs: number
  #isStopping = false
  /** Of the run at hand. One for each, not composed by AbortSignal.any: Node keeps what is composed as long as somebody listens to it. */
  #abort: AbortController | undefined
  #runKind: ((options: RunOptions) => Promise<Outcome>) | undefined
  #dueMs: number
  #timer: NodeJS.Timeout | undefined
  #current: Promise<R> | undefined
  /** The kind of check has not settled yet, perhaps although its time was up; it is not started again before it has. */
  #isUnsettled = false
  #last: { result: R; endedMs: number } | undefined

  constructor(options: RunnerOptions<R>) {
    this.#options = options
    this.#everyMs = options.config.every
    const firstMs = options.clock.monotonicMs() + firstDelayMs(options.hostName, options.name, this.#everyMs)
    this.#originMs = slotAfter(firstMs, this.#everyMs)
    this.#dueMs = this.#originMs
    this.#arm()
  }

  /** Result of the run at hand, of a new one, or of the last when that ended just now. Rejects when the collector stops meanwhile. */
  async runNow(): Promise<R> {
    if (this.#current !== undefined) return await this.#current
    if (this.#last !== undefined && this.#options.clock.monotonicMs() - this.#last.endedMs < shortestGapMs) return this.#last.result
    return await this.#start()
  }

  /** Breaks off the run at hand; its result is lost. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#isStopping = true
    this.#abort?.abort()
    await this.#current?.catch(() => undefined)
  }

  #arm(): void {
    const delayMs = Math.max(0, Math.ceil(this.#dueMs - this.#options.clock.monotonicMs()))
    this.#timer = setTimeout(() => this.#onDue(), delayMs)
  }

  #onDue(): void {
    const next = nextTick(this.#originMs, this.#everyMs, this.#dueMs, this.#options.clock.monotonicMs())
    this.#dueMs = next.dueMs
    this.#options.stats.skips += next.skipped
    this.#arm()
    if (this.#current === undefined) this.#start().catch(() => undefined)
    else this.#options.stats.skips++
  }

  #start(): Promise<R> {
    const current = this.#run().finally(() => {
      this.#current = undefined
    })
    this.#current = current
    return current
  }

  async #run(): Promise<R> {
    const { name, config, clock, stats } = this.#options
    const startMs = clock.monotonicMs()
    const outcome = this.#isUnsettled ? failed('the run before this one still hangs') : await this.#bounded(startMs)
    if (this.#isStopping) throw new EffectError('stopping', `check ${name} was stopped before it ended`, { transient: true })
    stats.runs++
    const endedMs = clock.monotonicMs()
    const result = this.#options.report(name, config, {
      outcome,
      epochMs: clock.now(),
      latencySeconds: outcome.ok === null ? null : (endedMs - startMs) / 1000,
    })
    this.#last = { result, endedMs }
    return result
  }

  /** The outcome, at the latest when the time is up. */
  async #bounded(startMs: number): Promise<Outcome> {
    const { config, clock, host, stats } = this.#options
    const timeoutMs = timeoutOf(config)
    const abort = new AbortController()
    const { signal } = abort
    this.#abort = abort
    const { promise: late, resolve } = Promise.withResolvers<Outcome>()
    // The kind of check gets a moment after its signal to say in its own words what it was waiting for.
    signal.addEventListener('abort', () => setTimeout(() => resolve(failed(`no answer within ${durationText(timeoutMs)}`)), 50).unref())
    const timer = setTimeout(() => {
      stats.timeouts++
      abort.abort()
    }, timeoutMs)
    const attempt = this.#attempt({ signal, timeoutMs, host, elapsedMs: () => clock.monotonicMs() - startMs })
    this.#isUnsettled = true
    void attempt.then(() => {
      this.#isUnsettled = false
    })
    try {
      return await Promise.race([attempt, late])
    } finally {
      clearTimeout(timer)
    }
  }

  async #attempt(options: RunOptions): Promise<Outcome> {
    const { config } = this.#options
    try {
      // Kept: the loader of modules is not asked again by each run.
      this.#runKind ??= await bindKind(config)
      return await this.#runKind(options)
    } catch (error) {
      return failed(`the check itself broke: ${describeError(error)}`.slice(0, 500))
    }
  }
}

/** The kind of a check, loaded and given its configuration. */
async function bindKind<K extends CheckConfig['kind']>(
  config: Extract<CheckConfig, { kind: K }>,
): Promise<(options: RunOptions) => Promise<Outcome>> {
  const kind = await loadCheckKind(config.kind as K)
  return async (options) => await kind.run(config, options)
}
