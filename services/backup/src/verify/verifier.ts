import { rm } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Bus } from '@nightshift/shared/bus/bus'
import type { Clock } from '@nightshift/shared/clock'
import { describeError, isTransient } from '@nightshift/shared/errors'
import { newId } from '@nightshift/shared/ids'
import type { BackupConfig } from '../config.ts'
import type { BackupFacts, Speaker } from '../jobs/backup-event.ts'
import { keepLease } from '../jobs/lease.ts'
import { judgeObjectives } from '../jobs/objectives.ts'
import { verifyJob } from './event-names.ts'
import { ProgressThrottle, type RunProgress } from '../jobs/progress.ts'
import type { QueuedRun, RunQueue } from '../jobs/queue.ts'
import { dueMs, spreadOf } from '../jobs/schedule.ts'
import type { StateStore } from '../jobs/state-store.ts'
import type { Destinations } from '../local/destinations.ts'
import { performDrill, type DrillOutcome } from './drill.ts'
import { drillFacts, recordOfDrill, verifyFacts } from './verify-facts.ts'
import { markOfEnd, markOfStart, newMark, type VerifyMark } from './verify-mark.ts'
import { verifyRepository, type VerifyOutcome } from './verify-repository.ts'
import { plannedTasks, taskKey, taskOf, type VerifyTask } from './verify-task.ts'

interface Parts {
  readonly bus: Bus
  readonly clock: Clock
  readonly log: Logger
  readonly speaker: Speaker
  readonly timezone: string
  readonly stateDir: string
  readonly store: StateStore
  readonly config: () => BackupConfig
  readonly destinations: () => Destinations
  readonly publish: (about: { job: string; run: string; atMs: number }, facts: BackupFacts) => Promise<void>
  readonly tell: (job: string, run: string, progress: RunProgress) => void
}

/** What a person asks for beyond what the schedule does. */
interface VerifyWishes {
  readonly destination?: string | undefined
  readonly snapshot?: string | undefined
  readonly withRestic?: boolean | undefined
}

/** How a drill ended: `error` when it could not be carried out. */
export type DrillEnd = { readonly outcome: DrillOutcome } | { readonly error: string }

/** What is remembered of one that is over, and what is said of it. */
interface Conclusion {
  readonly end: Parameters<typeof markOfEnd>[1]
  readonly facts: BackupFacts | undefined
}

const progressEveryMs = 500

/** V1, V2 and V3 by their schedules and on request, in the queue with the runs and behind them. */
export class Verifier {
  readonly #parts: Parts
  readonly #wishes = new Map<string, VerifyWishes>()
  readonly #drilled = new Map<string, (ended: DrillEnd) => void>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** What a drill left behind that was cut off. */
  async open(): Promise<void> {
    await rm(this.#scratchDir(), { recursive: true, force: true, maxRetries: 3 }).catch((error: unknown) =>
      this.#parts.log.warn({ error }, `what a drill left behind cannot be removed: ${describeError(error)}`),
    )
  }

  /** Puts in the queue what is due, if nothing else waits there; gives the times of what is not. */
  look(queue: RunQueue, nowMs: number): number[] {
    const { log, speaker, store, timezone } = this.#parts
    const config = this.#parts.config()
    return plannedTasks(config).flatMap(({ task, crons }) => {
      const key = taskKey(task)
      const mark = store.state.verifications[key]
      if (mark === undefined) {
        void store.changeVerification(key, newMark(nowMs)).catch((error: unknown) => log.error({ error }, describeError(error)))
        return []
      }
      const terms = { crons, timezone, jitterMs: config.verify.jitter, catchUp: true, window: null }
      const due = dueMs(terms, mark, spreadOf(speaker.host, key), nowMs)
      if (due === null) return []
      if (due > nowMs) return [due]
      // Runs go first: what is due now is looked at again when they are over.
      if (queue.length === 0) queue.add(key, newId(nowMs), 'schedule')
      return []
    })
  }

  /** On request; gives the id under which its end is told. */
  request(queue: RunQueue, task: VerifyTask, wishes: VerifyWishes): { run: string; isNew: boolean } {
    const id = newId(this.#parts.clock.now())
    const { run, isNew } = queue.add(taskKey(task), id, 'request')
    if (isNew) this.#wishes.set(id, wishes)
    return { run: run.run, isNew }
  }

  /** A drill as a step of something larger, which is told how it ended. */
  async drill(queue: RunQueue, job: string): Promise<DrillEnd> {
    const { run } = this.request(queue, { kind: 'drill', name: job }, {})
    const { promise, resolve } = Promise.withResolvers<DrillEnd>()
    this.#drilled.set(run, resolve)
    return await promise
  }

  /** Nothing that waits will be carried out. */
  stop(): void {
    for (const end of this.#drilled.values()) end({ error: 'the service was stopped' })
    this.#drilled.clear()
  }

  owns({ job }: Pick<QueuedRun, 'job'>): boolean {
    return taskOf(job) !== undefined
  }

  /** Never rejects. */
  async perform(queued: QueuedRun): Promise<void> {
    const { clock, log, store } = this.#parts
    const task = taskOf(queued.job)
    if (task === undefined) return
    const throttle = new ProgressThrottle(progressEveryMs, (progress) => this.#parts.tell(this.#jobOf(task), queued.run, progress))
    try {
      const before = store.state.verifications[queued.job] ?? newMark(clock.now())
      const mark = markOfStart(before, queued.trigger !== 'request', clock.now())
      await store.changeVerification(queued.job, mark)
      const { end, facts } = await this.#carryOut(task, queued, mark, throttle)
      await store.changeVerification(queued.job, markOfEnd(mark, end, clock.now()))
      // Last of all: who asks again when it was told is not to join what is over.
      if (facts !== undefined) await this.#parts.publish({ job: this.#jobOf(task), run: queued.run, atMs: clock.now() }, facts)
    } catch (error) {
      // Only the state on disk can fail here; the repository is as it was.
      log.error({ error, task: queued.job }, describeError(error))
      this.#drilled.get(queued.run)?.({ error: describeError(error) })
    } finally {
      throttle.flush()
      this.#drilled.get(queued.run)?.({ error: 'there is no such job any more' })
      this.#wishes.delete(queued.run)
      this.#drilled.delete(queued.run)
    }
  }

  async #carryOut(task: VerifyTask, queued: QueuedRun, mark: VerifyMark, throttle: ProgressThrottle): Promise<Conclusion> {
    const { log } = this.#parts
    try {
      const concluded = await (task.kind === 'drill'
        ? this.#drill(task.name, queued, mark, throttle)
        : this.#verify(task, queued, mark, throttle))
      if (concluded === undefined) return { end: { findings: [] }, facts: undefined }
      const { facts, outcome } = concluded
      log.info({ task: queued.job, items: outcome.items, findings: outcome.findings.length }, `${queued.job}: ended`)
      return { end: { findings: outcome.findings }, facts }
    } catch (error) {
      const reason: unknown = queued.signal.aborted ? queued.signal.reason : error
      const end = { error: describeError(reason), transient: isTransient(reason) }
      this.#drilled.get(queued.run)?.({ error: end.error })
      // A store that is away for a moment, or a lock, wakes nobody up: what is given up does, and what a person waits for is told.
      if (end.transient && queued.trigger !== 'request' && mark.retryMs !== null) {
        log.warn({ error, task: queued.job }, `${queued.job}: is tried again later: ${end.error}`)
        return { end, facts: undefined }
      }
      log.error({ error, task: queued.job }, `${queued.job}: failed: ${end.error}`)
      const level = ({ drill: 'V2', packs: 'V1', whole: 'V3' } as const)[task.kind]
      return { end, facts: { phase: task.kind === 'drill' ? 'drill_failed' : 'verify_failed', level, checked_items: 0, error: end.error } }
    }
  }

  async #verify(
    { kind, name }: VerifyTask,
    queued: QueuedRun,
    mark: VerifyMark,
    throttle: ProgressThrottle,
  ): Promise<{ outcome: VerifyOutcome; facts: BackupFacts } | undefined> {
    const { clock, speaker, store } = this.#parts
    const config = this.#parts.config()
    if (config.destinations[name] === undefined) return undefined
    const { parts } = config.verify.packs
    const isWhole = kind === 'whole'
    const step = isWhole ? `reading all of ${name}` : `reading a part of ${name}`
    const outcome = await verifyRepository({
      destinations: this.#parts.destinations(),
      destination: name,
      readData: isWhole ? true : { part: (mark.turn % parts) + 1, of: parts },
      expectedSnapshots: Object.keys(config.jobs).flatMap((job) => store.job(job)?.destinations[name]?.snapshot ?? []),
      withRestic: isWhole && (this.#wishes.get(queued.run)?.withRestic ?? config.verify.whole.restic),
      host: speaker.host,
      username: userInfo().username,
      clock,
      signal: queued.signal,
      onProgress: (done, total) => throttle.note({ step, doneBytes: null, totalBytes: null, doneItems: done, totalItems: total }),
    })
    return { outcome, facts: verifyFacts(outcome, isWhole ? 'V3' : 'V1') }
  }

  async #drill(
    job: string,
    queued: QueuedRun,
    mark: VerifyMark,
    throttle: ProgressThrottle,
  ): Promise<{ outcome: DrillOutcome; facts: BackupFacts } | undefined> {
    const { bus, clock, log, speaker, store } = this.#parts
    const config = this.#parts.config().jobs[job]
    if (config === undefined) return undefined
    const destinations = this.#parts.destinations()
    const names = destinations.namesOf(job)
    const wishes = this.#wishes.get(queued.run)
    const lease = await keepLease(bus, { host: speaker.host, job, holder: speaker.source, signal: queued.signal })
    try {
      const outcome = await performDrill({
        job,
        config,
        host: speaker.host,
        username: userInfo().username,
        destinations,
        // Each in its turn: every copy is proven, not only the first.
        destination: wishes?.destination ?? names[mark.turn % names.length] ?? '',
        snapshot: wishes?.snapshot,
        scratchDir: this.#scratchDir(),
        clock,
        log: log.child({ job, run: queued.run }),
        signal: queued.signal,
        nats: bus.connection,
        onProgress: (progress) => throttle.note(progress),
      })
      const nowMs = clock.now()
      await store.changeJob(job, nowMs, (record) => recordOfDrill(record, outcome, nowMs))
      const objectives = { rpoMs: config.rpo ?? null, rtoMs: config.rto ?? null }
      const contentMs = nowMs - outcome.ageSeconds * 1000
      const standing = judgeObjectives(objectives, { contentMs, restoreSeconds: outcome.restoreSeconds }, nowMs)
      const rto = { rto_seconds: standing.rtoSeconds, rto_met: standing.rtoMet }
      this.#drilled.get(queued.run)?.({ outcome })
      return { outcome, facts: { ...drillFacts(outcome), ...rto } }
    } finally {
      await lease?.release().catch((error: unknown) => log.warn({ error, job }, 'the lease could not be given back; it ends by itself'))
    }
  }

  #jobOf({ kind, name }: VerifyTask): string {
    return kind === 'drill' ? name : verifyJob
  }

  #scratchDir(): string {
    return join(this.#parts.config().verify.scratch_dir ?? this.#parts.stateDir, 'drill')
  }
}
