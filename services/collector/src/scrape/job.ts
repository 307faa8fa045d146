import { nextTick, comparableInterval } from '../cadence.ts'
import { firstDelayMs, timeoutOf } from '../schedule.ts'
import type { ScrapeConfig } from '../config.ts'
import { startDeadline } from '../deadline.ts'
import type { RoomContext } from '../rooms/room.ts'
import { Target } from './target.ts'
import { instancesOf } from './target-url.ts'

export interface JobStats {
  scrapes: number
  failures: number
  /** Rounds that were due and not made: the one before was still under way, or the process was late. */
  skips: number
}

/**
 * One job of the config. All its targets are scraped together and go in one message, for an item that is missing from a message counts as
 * gone: with a message per target each one would make the others' items go. While some targets are down their items are sent without values;
 * while all are, nothing is sent, which holds everything.
 */
export class Job {
  readonly name: string
  readonly everyMs: number
  readonly targets: readonly Target[]
  readonly #context: RoomContext
  readonly #timeoutMs: number
  readonly #stats: JobStats
  readonly #stopping = new AbortController()
  readonly #originMs: number
  #dueMs: number
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> | undefined
  #lastMs: number | undefined

  constructor(name: string, config: ScrapeConfig, context: RoomContext, stats: JobStats) {
    this.name = name
    this.everyMs = config.every
    this.#context = context
    this.#stats = stats
    this.#timeoutMs = timeoutOf(config)
    const urls = (config.targets ?? [config.url ?? '']).map((url) => new URL(url))
    const instances = config.targets === undefined ? [] : instancesOf(urls)
    const { clock, log, origin } = context
    this.targets = urls.map((url, index) => new Target({ job: name, url, instance: instances[index], config, clock, log }))
    this.#originMs = clock.monotonicMs() + firstDelayMs(origin.host, `scrape ${name}`, this.everyMs)
    this.#dueMs = this.#originMs
    this.#arm()
  }

  /** Breaks off what is under way. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#stopping.abort()
    await this.#round
    for (const target of this.targets) target.close()
  }

  #arm(): void {
    const delayMs = Math.max(0, Math.ceil(this.#dueMs - this.#context.clock.monotonicMs()))
    this.#timer = setTimeout(() => this.#onDue(), delayMs)
  }

  #onDue(): void {
    const next = nextTick(this.#originMs, this.everyMs, this.#dueMs, this.#context.clock.monotonicMs())
    this.#dueMs = next.dueMs
    this.#stats.skips += next.skipped
    this.#arm()
    if (this.#round !== undefined) {
      this.#stats.skips++
      return
    }
    this.#round = this.#scrape().finally(() => {
      this.#round = undefined
    })
  }

  async #scrape(): Promise<void> {
    const { clock } = this.#context
    const startMs = clock.monotonicMs()
    const epochMs = clock.now()
    const deadline = startDeadline(this.#timeoutMs, this.#stopping.signal)
    const answers = await Promise.all(this.targets.map((target) => target.scrape(deadline.signal, this.#timeoutMs)))
    deadline.end()
    if (this.#stopping.signal.aborted) return
    this.#stats.scrapes += answers.length
    this.#stats.failures += answers.filter((isUp) => !isUp).length
    if (!answers.includes(true)) return
    const items = this.targets.flatMap((target) => target.items)
    this.#context.publishMetrics(`app_${this.name}`, { items }, epochMs, comparableInterval(this.#lastMs, startMs, this.everyMs))
    this.#lastMs = startMs
  }
}
