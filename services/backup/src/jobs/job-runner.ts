import { mkdir } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Bus } from '@nightshift/shared/bus/bus'
import { isoTime, type Clock } from '@nightshift/shared/clock'
import { describeError, EffectError } from '@nightshift/shared/errors'
import type { ProgressEvent } from '@nightshift/shared/events/progress'
import { newId } from '@nightshift/shared/ids'
import { buildSubject } from '@nightshift/shared/subjects'
import type { JobConfig } from '../config/job-config.ts'
import type { BackupConfig } from '../config.ts'
import { Destinations } from '../local/destinations.ts'
import { backupEvent, type BackupFacts, type Speaker } from './backup-event.ts'
import { holdHealer } from './healer-hold.ts'
import type { JobRecord } from './job-state.ts'
import { keepLease } from './lease.ts'
import { judgeObjectives } from './objectives.ts'
import { performRun, type RunOutcome } from './perform-run.ts'
import { ProgressThrottle, type RunProgress } from './progress.ts'
import type { QueuedRun } from './queue.ts'
import { failureOf } from './run-failure.ts'
import { completedFacts, recordOfFailure, recordOfStart, recordOfSuccess, unreadText } from './run-record.ts'
import { backupName } from './snapshot-name.ts'
import type { StateStore } from './state-store.ts'
import { copiesMet } from './three-two-one.ts'

const progressEveryMs = 500
const maxUnreadInLog = 20

export interface RunnerParts {
  readonly bus: Bus
  readonly clock: Clock
  readonly log: Logger
  readonly speaker: Speaker
  readonly version: string
  readonly timezone: string
  readonly stateDir: string
  readonly nats: ConstructorParameters<typeof Destinations>[1]['nats']
  readonly store: StateStore
  readonly config: () => BackupConfig
  /** When the next event of a job is due, by what is known now. */
  readonly nextDue: (job: string) => string | null
}

/** Takes runs from the queue and carries each out, with all that is told about it. */
export class JobRunner {
  readonly #parts: RunnerParts
  /** Runs for which a person said that the data did shrink. */
  readonly #smaller = new Set<string>()
  /** How far the run at hand has come. */
  progress: RunProgress | undefined
  counts = { completed: 0, failed: 0, addedBytes: 0, publishFailures: 0 }

  constructor(parts: RunnerParts) {
    this.#parts = parts
  }

  acceptSmaller(run: string): void {
    this.#smaller.add(run)
  }

  /** Never rejects. */
  async perform(queued: QueuedRun): Promise<void> {
    const { log } = this.#parts
    try {
      const config = this.#parts.config().jobs[queued.job]
      if (config !== undefined) await this.#carryOut(queued, config)
    } catch (error) {
      log.error({ error, job: queued.job }, describeError(error))
    } finally {
      this.progress = undefined
      this.#smaller.delete(queued.run)
    }
  }

  /** Runs that a crash cut off: said to have failed, and tried again as others that failed. */
  async recover(): Promise<void> {
    const { store, clock } = this.#parts
    for (const [job, record] of Object.entries(store.state.jobs)) {
      if (record.running === null) continue
      const { run } = record.running
      const nowMs = clock.now()
      const error = new EffectError(
        'run_cut_off',
        'the service ended in the middle of the run; what it had stored is used by the next one',
        {
          transient: true,
        },
      )
      const backoff = this.#parts.config().jobs[job]?.retry ?? { attempts: 1, backoff: [0] }
      await this.#remember(job, nowMs, (before) => recordOfFailure(before, error, backoff, nowMs))
      await this.publish({ job, run, atMs: nowMs }, { phase: 'failed', error: error.message, attempt: Math.max(1, record.attempt) })
    }
  }

  async publish(about: { job: string; run: string; atMs: number }, facts: BackupFacts): Promise<void> {
    const { bus, log, speaker } = this.#parts
    const { subject, event } = backupEvent(speaker, about, { next_due: this.#parts.nextDue(about.job), ...facts })
    try {
      await bus.publishEvent(subject, event)
    } catch (error) {
      this.counts.publishFailures++
      log.error({ error, subject, event_id: event.id }, 'an event could not be published')
    }
  }

  async #carryOut(queued: QueuedRun, config: JobConfig): Promise<void> {
    const { clock, store, log } = this.#parts
    const { job, run, trigger } = queued
    const startedMs = clock.now()
    const name = backupName(config.name, startedMs, config.timezone ?? this.#parts.timezone)
    await this.#remember(job, startedMs, (record) => recordOfStart(record, queued, startedMs))
    const attempt = store.job(job)?.attempt ?? 1
    log.info({ job, run, trigger }, `backup ${job}: started`)
    await this.publish({ job, run, atMs: startedMs }, { phase: 'started', name, trigger, attempt })
    let outcome: RunOutcome
    try {
      outcome = await this.#guarded(queued, config, name, startedMs)
    } catch (cause) {
      const error = failureOf(cause, queued.signal, config)
      const nowMs = clock.now()
      await this.#remember(job, nowMs, (record) => recordOfFailure(record, error, config.retry, nowMs))
      this.counts.failed++
      log.error({ error, job, run }, `backup ${job}: failed: ${describeError(error)}`)
      const facts: BackupFacts = { phase: 'failed', error: describeError(error), duration_seconds: (nowMs - startedMs) / 1000 }
      await this.publish(
        { job, run, atMs: nowMs },
        { ...facts, name, trigger, attempt, ...this.#objectives(config, store.job(job), nowMs) },
      )
      return
    }
    const nowMs = clock.now()
    await this.#remember(job, nowMs, (record) => recordOfSuccess(record, { run, name, startedMs }, outcome, nowMs))
    this.counts.completed++
    this.counts.addedBytes += outcome.archived.addedBytes
    log.info({ job, run, snapshot: outcome.snapshot.id }, `backup ${job}: ${name} is done`)
    const unread = outcome.archived.skipped.filter(({ kind }) => kind === 'unread').slice(0, maxUnreadInLog)
    if (unread.length > 0) log.warn({ job, run, unread }, `backup ${job}: ${unreadText(outcome.archived)}`)
    const facts = completedFacts(outcome, { name, trigger, attempt, announce: config.announce })
    const met = copiesMet(outcome.destinations, this.#parts.config().destinations)
    const copies = met === undefined ? {} : { copies_met: met }
    await this.publish({ job, run, atMs: nowMs }, { ...facts, ...copies, ...this.#objectives(config, store.job(job), nowMs) })
    const { items, bytesRead } = outcome.verified
    const checked = { level: 'V0', checked_items: items, checked_bytes: bytesRead } as const
    await this.publish({ job, run, atMs: nowMs }, { phase: 'verified', snapshot: outcome.snapshot.id, ...checked })
  }

  /** A state that cannot be written, such as on a full disk, is said, and must not keep a backup from being made; it is in memory all the same. */
  async #remember(job: string, nowMs: number, change: (record: JobRecord) => JobRecord): Promise<void> {
    const { log, store } = this.#parts
    try {
      await store.changeJob(job, nowMs, change)
    } catch (error) {
      log.error({ error, job }, describeError(error))
    }
  }

  /** The run with its lease, the hold of the healer and its time limit. */
  async #guarded(queued: QueuedRun, config: JobConfig, name: string, startedMs: number): Promise<RunOutcome> {
    const { bus, clock, log, speaker, version, timezone, stateDir } = this.#parts
    const { job, run } = queued
    const workDir = join(stateDir, 'work')
    await mkdir(workDir, { recursive: true, mode: 0o700 })
    const lease = await keepLease(bus, { host: speaker.host, job, holder: speaker.source, signal: queued.signal })
    const throttle = new ProgressThrottle(progressEveryMs, (progress) => this.tell(job, run, progress))
    let release: (() => Promise<void>) | undefined
    try {
      release = config.hold_healer ? await this.#hold(job, startedMs + config.timeout) : undefined
      return await performRun({
        job,
        config,
        run,
        name,
        host: speaker.host,
        username: userInfo().username,
        version,
        timezone,
        destinations: new Destinations(this.#parts.config(), { host: speaker.host, nats: this.#parts.nats, clock }),
        workers: this.#parts.config().workers,
        workDir,
        clock,
        log: log.child({ job, run }),
        signal: AbortSignal.any([queued.signal, AbortSignal.timeout(config.timeout)]),
        nats: bus.connection,
        acceptSmaller: this.#smaller.has(run),
        onProgress: (progress) => {
          this.progress = progress
          throttle.note(progress)
        },
      })
    } finally {
      throttle.flush()
      await release?.().catch((error: unknown) =>
        log.warn({ error, job }, 'the hold of the healer could not be taken away; it ends by itself'),
      )
      await lease?.release().catch((error: unknown) => log.warn({ error, job }, 'the lease could not be given back; it ends by itself'))
    }
  }

  /** A healer begins nothing while the bus is away, so then there is nothing to hold. */
  async #hold(job: string, untilMs: number): Promise<(() => Promise<void>) | undefined> {
    const { bus, clock, speaker } = this.#parts
    if (bus.state !== 'connected') return undefined
    return await holdHealer(bus, { host: speaker.host, actor: speaker.source, reason: `the backup ${job} is under way`, untilMs, clock })
  }

  #objectives(config: JobConfig, record: JobRecord | undefined, nowMs: number): Partial<BackupFacts> {
    const objectives = { rpoMs: config.rpo ?? null, rtoMs: config.rto ?? null }
    const measured = { contentMs: record?.lastGood?.startedMs ?? null, restoreSeconds: record?.restoreSeconds ?? null }
    const standing = judgeObjectives(objectives, measured, nowMs)
    return { rpo_seconds: standing.rpoSeconds, rpo_met: standing.rpoMet, rto_seconds: standing.rtoSeconds, rto_met: standing.rtoMet }
  }

  /** Core NATS only: who is not there misses it. */
  tell(job: string, run: string, progress: RunProgress): void {
    const { bus, clock, speaker } = this.#parts
    const nowMs = clock.now()
    const event: ProgressEvent = {
      v: 1,
      id: newId(nowMs),
      time: isoTime(nowMs),
      host: speaker.host,
      source: speaker.source,
      correlation_id: run,
      job,
      run,
      done_bytes: progress.doneBytes,
      total_bytes: progress.totalBytes,
      done_items: progress.doneItems,
      total_items: progress.totalItems,
      step: progress.step.slice(0, 1024),
    }
    bus.publishCore(buildSubject({ kind: 'progress', host: speaker.host, job }, speaker.namespace), event)
  }
}
