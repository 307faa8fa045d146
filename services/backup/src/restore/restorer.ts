import { mkdir } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Bus } from '@nightshift/shared/bus/bus'
import type { Clock } from '@nightshift/shared/clock'
import { ConfigError, ConflictError, describeError } from '@nightshift/shared/errors'
import { newId } from '@nightshift/shared/ids'
import type { BackupConfig } from '../config.ts'
import type { BackupFacts, Speaker } from '../jobs/backup-event.ts'
import { holdHealer } from '../jobs/healer-hold.ts'
import { keepLease } from '../jobs/lease.ts'
import { ProgressThrottle, type RunProgress } from '../jobs/progress.ts'
import type { QueuedRun, RunQueue } from '../jobs/queue.ts'
import type { StateStore } from '../jobs/state-store.ts'
import type { Destinations } from '../local/destinations.ts'
import { performRestore, recoverRestores, type RestoreOutcome } from './perform-restore.ts'
import { prepareRestore } from './prepare-restore.ts'
import type { RestorePlan } from './plan/restore-plan.ts'
import type { RestoreRequest } from './request.ts'
import type { RestoreParts } from './restore-parts.ts'

interface Parts {
  readonly bus: Bus
  readonly clock: Clock
  readonly log: Logger
  readonly speaker: Speaker
  readonly version: string
  readonly timezone: string
  readonly stateDir: string
  readonly store: StateStore
  readonly config: () => BackupConfig
  readonly destinations: () => Destinations
  readonly publish: (about: { job: string; run: string; atMs: number }, facts: BackupFacts) => Promise<void>
  readonly tell: (job: string, run: string, progress: RunProgress) => void
  /** Paths may be other folders now than those that were watched. */
  readonly onPlacesChanged: () => Promise<void>
  /** Who did what, for the record. */
  readonly audit: (actor: string, target: string, outcome: 'done' | 'failed', reason: string | null) => Promise<void>
}

interface Asked {
  readonly request: RestoreRequest
  readonly actor: string
}

/** How a restore that was asked for stands. */
export interface RestoreState {
  state: 'waiting' | 'over' | 'unknown'
  outcome: RestoreOutcome | null
}

/** No job has such a name. */
const prefix = 'restore of '
const maxRemembered = 20
const progressEveryMs = 500
const holdMs = 6 * 3_600_000
const planTimeoutMs = 50_000

/** Restores that were asked for, one after the other, in the queue with the runs. */
export class Restorer {
  readonly #parts: Parts
  readonly #asked = new Map<string, Asked>()
  readonly #over = new Map<string, RestoreOutcome>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** What it would do. Nothing is changed. */
  async plan(request: RestoreRequest): Promise<RestorePlan> {
    const parts = await this.#restoreParts(AbortSignal.timeout(planTimeoutMs), () => undefined)
    return (await prepareRestore(request, parts)).plan
  }

  /** Throws ConflictError `restore_under_way`. */
  enqueue(queue: RunQueue, request: RestoreRequest, actor: string): string {
    const { jobs, sets } = this.#parts.config()
    const known = [...Object.keys(jobs), ...Object.keys(sets)]
    // What nobody knows must not even wait: there is no end of names.
    if (!known.includes(request.name))
      throw new ConfigError('no_such_job', `there is no job and no set ${request.name}; there are ${known.join(', ') || 'none'}`)
    const id = newId(this.#parts.clock.now())
    // It may begin before `add` is back.
    this.#asked.set(id, { request, actor })
    try {
      const { run, isNew } = queue.add(prefix + request.name, id, 'request')
      // Another one, maybe of another time: nobody may take its outcome for the answer to this.
      if (!isNew)
        throw new ConflictError('restore_under_way', `a restore of ${request.name} waits or is under way; ask again when it is over`)
      return run.run
    } catch (error) {
      this.#asked.delete(id)
      throw error
    }
  }

  owns({ job }: QueuedRun): boolean {
    return job.startsWith(prefix)
  }

  state(run: string): RestoreState {
    const outcome = this.#over.get(run)
    if (outcome !== undefined) return { state: 'over', outcome }
    return { state: this.#asked.has(run) ? 'waiting' : 'unknown', outcome: null }
  }

  /** Restores that a crash cut off are finished, or taken back, before anything else is done. Never rejects. */
  async recover(signal: AbortSignal): Promise<void> {
    try {
      const parts = await this.#restoreParts(signal, () => undefined)
      for (const outcome of await recoverRestores(parts)) await this.#tellOutcome(outcome)
    } catch (error) {
      this.#parts.log.error({ error }, `a restore that was cut off: ${describeError(error)}`)
    }
  }

  /** Never rejects. */
  async perform({ job, run, signal }: QueuedRun): Promise<void> {
    const asked = this.#asked.get(run)
    if (asked === undefined) return
    const name = job.slice(prefix.length)
    const jobs = this.#parts.config().sets[name]?.jobs ?? [name]
    const throttle = new ProgressThrottle(progressEveryMs, (progress: RunProgress) => this.#parts.tell(jobs[0] ?? name, run, progress))
    let outcome: RestoreOutcome
    try {
      outcome = await this.#withLeases(jobs, signal, async (held) => {
        const parts = await this.#restoreParts(held, (progress) => throttle.note(progress))
        return await performRestore(await prepareRestore(asked.request, parts, run), asked.actor, parts)
      })
    } catch (error) {
      const failure = describeError(error)
      outcome = { run, actor: asked.actor, jobs, outcome: 'undone', failure, problems: [], members: [], safety: [], seconds: 0 }
    } finally {
      throttle.flush()
      this.#asked.delete(run)
    }
    if (asked.request.in_place)
      await this.#parts.onPlacesChanged().catch((error: unknown) => this.#parts.log.error({ error }, describeError(error)))
    await this.#tellOutcome(outcome)
  }

  async #tellOutcome(outcome: RestoreOutcome): Promise<void> {
    const { clock, log, store, publish, audit, config } = this.#parts
    const { run, jobs, actor, failure, problems, seconds, members } = outcome
    this.#over.set(run, outcome)
    for (const oldest of this.#over.keys()) {
      if (this.#over.size <= maxRemembered) break
      this.#over.delete(oldest)
    }
    const isDone = outcome.outcome === 'done'
    const what = isDone ? 'is done' : outcome.outcome === 'stuck' ? 'failed and could not be taken back' : 'failed and was taken back'
    const reason = isDone ? null : [failure, ...problems].filter((text) => text !== null).join('; ')
    log[isDone ? 'info' : 'error']({ run, jobs }, `restore of ${jobs.join(', ')} ${what}${reason === null ? '' : `: ${reason}`}`)
    try {
      for (const job of jobs) {
        const member = members.find((each) => each.job === job)
        if (isDone) await store.changeJob(job, clock.now(), (record) => ({ ...record, restoreSeconds: seconds }))
        const rto = config().jobs[job]?.rto ?? null
        await publish(
          { job, run, atMs: clock.now() },
          {
            phase: isDone ? 'restored' : 'restore_failed',
            trigger: 'restore',
            snapshot: member?.snapshot ?? null,
            size_bytes: member?.bytes ?? null,
            checked_items: member?.checked ?? 0,
            duration_seconds: seconds,
            restore_seconds: isDone ? seconds : null,
            ...(isDone ? { rto_seconds: seconds, rto_met: rto === null ? null : seconds * 1000 <= rto } : {}),
            error: reason === null ? null : `the restore ${what}: ${reason}`,
          },
        )
      }
      await audit(actor, `${jobs.join(', ')}, run ${run}`, isDone ? 'done' : 'failed', reason)
    } catch (error) {
      log.error({ error, run }, describeError(error))
    }
  }

  /** No replica runs a job while it is restored. */
  async #withLeases<T>(jobs: readonly string[], signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { bus, speaker, log } = this.#parts
    const leases = []
    try {
      for (const job of jobs) leases.push(await keepLease(bus, { host: speaker.host, job, holder: speaker.source, signal }))
      return await work(signal)
    } finally {
      for (const lease of leases)
        await lease?.release().catch((error: unknown) => log.warn({ error }, 'a lease could not be given back; it ends by itself'))
    }
  }

  async #restoreParts(signal: AbortSignal, onProgress: (progress: RunProgress) => void): Promise<RestoreParts> {
    const { bus, clock, log, speaker, version, timezone, stateDir, config, destinations } = this.#parts
    const workDir = join(stateDir, 'work')
    await mkdir(workDir, { recursive: true, mode: 0o700 })
    return {
      config: config(),
      destinations: destinations(),
      host: speaker.host,
      username: userInfo().username,
      version,
      timezone,
      clock,
      log,
      workDir,
      journalDir: join(stateDir, 'restores'),
      signal,
      nats: bus.connection,
      onProgress,
      hold: async () => {
        // A healer begins nothing while the bus is away.
        if (bus.state !== 'connected') return undefined
        const untilMs = clock.now() + holdMs
        return await holdHealer(bus, { host: speaker.host, actor: speaker.source, reason: 'a restore is under way', untilMs, clock })
      },
    }
  }
}
