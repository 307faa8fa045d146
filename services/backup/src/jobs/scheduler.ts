import type { Logger } from 'pino'
import { isoTime, type Clock } from '@nightshift/shared/clock'
import { describeError } from '@nightshift/shared/errors'
import { newId } from '@nightshift/shared/ids'
import type { JobConfig } from '../config/job-config.ts'
import type { BackupConfig } from '../config.ts'
import { markOfNothing } from './integrity-mark.ts'
import { ChangeWatch } from './on-change.ts'
import type { RunQueue, Trigger } from './queue.ts'
import { dueMs, intoWindow, lateMs, nextSlot, spreadOf, type ScheduleTerms } from './schedule.ts'
import type { StateStore } from './state-store.ts'

interface Parts {
  readonly host: string
  readonly timezone: string
  readonly clock: Clock
  readonly log: Logger
  readonly store: StateStore
  readonly queue: RunQueue
  /** Removes the data of forgotten snapshots at one destination. */
  readonly prune: (destination: string) => void
  /** Looks whether a database is sound. */
  readonly checkIntegrity: (database: string) => void
  /** Puts what else is due in the queue, behind the runs; gives the times of what is not. */
  readonly besides: (nowMs: number) => number[]
}

/** A host that slept, or whose clock was set, is noticed after this at the latest. */
const longestTimerMs = 30_000

/** Puts runs into the queue when they are due: by the schedule, again after a failure, and after changes. */
export class Scheduler {
  readonly #parts: Parts
  #config: BackupConfig
  readonly #watches = new Map<string, ChangeWatch>()
  /** Jobs with changes that came to rest, and since when. */
  readonly #changed = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(parts: Parts, config: BackupConfig) {
    this.#parts = parts
    this.#config = config
  }

  async start(): Promise<void> {
    await this.#watch()
    this.look()
  }

  async use(config: BackupConfig): Promise<void> {
    this.#config = config
    this.#unwatch()
    for (const job of this.#changed.keys()) if (config.jobs[job]?.on_change === undefined) this.#changed.delete(job)
    await this.#watch()
    this.look()
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
    this.#unwatch()
  }

  /** A run of the job begins: it takes up what changed before. */
  begun(job: string): void {
    this.#changed.delete(job)
    this.#watches.get(job)?.forget()
  }

  /** When a job is due next; null when nothing is planned, or it is not known since when its slots count. */
  dueMs(job: string): number | null {
    const config = this.#config.jobs[job]
    const record = this.#parts.store.job(job)
    if (config === undefined || record === undefined) return null
    return dueMs(this.#termsOf(config), record, spreadOf(this.#parts.host, job), this.#parts.clock.now())
  }

  nextDue(job: string): string | null {
    const ms = this.dueMs(job)
    return ms === null ? null : isoTime(ms)
  }

  /** Starts what is due, and sets the timer for what is not. To be called whenever a run is over. */
  look(): void {
    if (this.#isStopped) return
    clearTimeout(this.#timer)
    const nowMs = this.#parts.clock.now()
    const times = Object.entries(this.#config.jobs).flatMap(([job, config]) => this.#lookAt(job, config, nowMs))
    times.push(...this.#lookAtPrunes(nowMs), ...this.#lookAtIntegrity(nowMs))
    times.push(...this.#parts.besides(nowMs))
    const waitMs = Math.max(50, Math.min(longestTimerMs, ...times.map((ms) => ms - nowMs)))
    this.#timer = setTimeout(() => this.look(), waitMs)
  }

  /** Times that are still to come. */
  #lookAt(job: string, config: JobConfig, nowMs: number): number[] {
    const { queue, store } = this.#parts
    if (queue.find(job) !== undefined) return []
    const plannedMs = this.dueMs(job)
    const changeMs = this.#changed.get(job)
    const openMs = changeMs === undefined ? undefined : intoWindow(changeMs, this.#termsOf(config), nowMs)
    if (plannedMs !== null && plannedMs <= nowMs) {
      const isRetry = store.job(job)?.retryMs !== null
      const trigger: Trigger = isRetry ? 'retry' : nowMs - plannedMs > lateMs ? 'catch_up' : 'schedule'
      this.#start(job, trigger)
    } else if (openMs !== undefined && openMs <= nowMs) this.#start(job, 'change')
    else return [plannedMs ?? [], openMs ?? []].flat()
    return []
  }

  #start(job: string, trigger: Trigger): void {
    this.#changed.delete(job)
    this.#parts.queue.add(job, newId(this.#parts.clock.now()), trigger)
  }

  #lookAtPrunes(nowMs: number): number[] {
    const { store, timezone, prune } = this.#parts
    const terms = { crons: this.#config.prune.schedule, timezone }
    return Object.keys(this.#config.destinations).flatMap((name) => {
      const sinceMs = store.state.prunedMs[name]
      if (sinceMs === undefined) {
        void store.markPruned(name, nowMs).catch((error: unknown) => this.#parts.log.error({ error }, describeError(error)))
        return []
      }
      const slot = nextSlot(terms, Math.min(sinceMs, nowMs))
      if (slot === null) return []
      if (slot > nowMs) return [slot]
      prune(name)
      return []
    })
  }

  #lookAtIntegrity(nowMs: number): number[] {
    const { store, timezone, checkIntegrity } = this.#parts
    const terms = { crons: this.#config.integrity_schedule, timezone }
    return Object.keys(this.#config.integrity).flatMap((name) => {
      const mark = store.integrity(name)
      if (mark === undefined) {
        void store
          .markIntegrity(name, markOfNothing(nowMs, null))
          .catch((error: unknown) => this.#parts.log.error({ error }, describeError(error)))
        return []
      }
      const slot = nextSlot(terms, Math.min(mark.atMs, nowMs))
      if (slot === null) return []
      if (slot > nowMs) return [slot]
      checkIntegrity(name)
      return []
    })
  }

  #termsOf(config: JobConfig): ScheduleTerms {
    return {
      crons: config.schedule ?? [],
      timezone: config.timezone ?? this.#parts.timezone,
      jitterMs: config.jitter,
      catchUp: config.catch_up,
      window: config.window === undefined ? null : { fromMinute: config.window.from, toMinute: config.window.to },
    }
  }

  async #watch(): Promise<void> {
    for (const [job, { source, on_change: onChange }] of Object.entries(this.#config.jobs)) {
      if (onChange === undefined) continue
      const paths = source.kind === 'directory' ? source.paths : source.kind === 'sqlite' ? [source.path] : []
      const watch = new ChangeWatch({
        paths,
        terms: { debounceMs: onChange.debounce, maxWaitMs: onChange.max_wait },
        now: () => this.#parts.clock.now(),
        onDue: () => {
          this.#changed.set(job, this.#parts.clock.now())
          this.look()
        },
        onTrouble: (path, reason) =>
          this.#parts.log.warn({ job, path, reason }, `changes of ${path} are not noticed: ${reason}; the schedule still counts`),
      })
      this.#watches.set(job, watch)
      await watch.start()
    }
  }

  #unwatch(): void {
    for (const watch of this.#watches.values()) watch.close()
    this.#watches.clear()
  }
}
