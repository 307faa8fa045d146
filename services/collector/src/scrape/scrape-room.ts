import { isDeepStrictEqual } from 'node:util'
import type { SelfMetrics } from '@nightshift/shared/service/service'
import type { CollectorConfig, ScrapeConfig } from '../config.ts'
import type { Room, RoomContext } from '../rooms/room.ts'
import { Job, type JobStats } from './job.ts'

/** The state of the targets is told as often as the fastest job scrapes, within these bounds. */
const fastestStatusMs = 1000
const slowestStatusMs = 10_000

/**
 * The scrape jobs of the config. Each gives a group `app_<job>`; how the scrapes went is one group of its own, `scrape`, with an item for every
 * target: it goes on while a target is down, when `app_<job>` must fall silent so that nothing of it counts as gone.
 */
export class ScrapeRoom implements Room {
  readonly #context: RoomContext
  readonly #jobs = new Map<string, { config: ScrapeConfig; job: Job }>()
  readonly #stats: JobStats = { scrapes: 0, failures: 0, skips: 0 }
  #timer: NodeJS.Timeout | undefined

  constructor(context: RoomContext) {
    this.#context = context
  }

  async apply(config: CollectorConfig): Promise<void> {
    const ended = [...this.#jobs].filter(([name, known]) => !isDeepStrictEqual(known.config, config.scrape[name]))
    for (const [name] of ended) this.#jobs.delete(name)
    await Promise.all(ended.map(([, { job }]) => job.stop()))
    for (const [name, jobConfig] of Object.entries(config.scrape)) {
      if (!this.#jobs.has(name)) this.#jobs.set(name, { config: jobConfig, job: new Job(name, jobConfig, this.#context, this.#stats) })
    }
    clearInterval(this.#timer)
    const everyMs = Math.max(fastestStatusMs, Math.min(slowestStatusMs, ...this.#all().map((job) => job.everyMs)))
    this.#timer = setInterval(() => this.#tellStatus(), everyMs)
  }

  self(): SelfMetrics {
    const targets = this.#all().flatMap((job) => job.targets)
    const total = (field: 'series' | 'dropped_series' | 'bad_lines'): number =>
      targets.reduce((sum, { status }) => sum + (status[field] ?? 0), 0)
    return {
      scrape_jobs: this.#jobs.size,
      scrape_targets: targets.length,
      scrape_targets_down: targets.filter(({ status }) => status.up === 0).length,
      scrape_series: total('series'),
      scrape_dropped_series: total('dropped_series'),
      scrape_bad_lines: total('bad_lines'),
      scrape_scrapes_total: this.#stats.scrapes,
      scrape_failures_total: this.#stats.failures,
      scrape_skips_total: this.#stats.skips,
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    const jobs = this.#all()
    this.#jobs.clear()
    await Promise.all(jobs.map((job) => job.stop()))
  }

  #all(): Job[] {
    return [...this.#jobs.values()].map(({ job }) => job)
  }

  #tellStatus(): void {
    const items = this.#all().flatMap((job) => job.targets.map((target) => ({ job: job.name, instance: target.name, ...target.status })))
    this.#context.publishMetrics('scrape', { items }, this.#context.clock.now(), null)
  }
}
