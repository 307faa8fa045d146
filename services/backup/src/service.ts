import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConflictError, describeError } from '@nightshift/shared/errors'
import type { RunningService, SelfMetrics, ServiceContext, ServiceDefinition } from '@nightshift/shared/service/service'
import type { BackupConfig } from './config.ts'
import { adoptPast } from './jobs/adopt.ts'
import type { BackupFacts, Speaker } from './jobs/backup-event.ts'
import { audit, endpoints } from './jobs/endpoints.ts'
import { IntegrityChecks } from './jobs/integrity-checks.ts'
import { jobRows, type JobRow } from './jobs/job-rows.ts'
import { JobRunner } from './jobs/job-runner.ts'
import { Pruner } from './jobs/pruner.ts'
import { RunQueue } from './jobs/queue.ts'
import { Scheduler } from './jobs/scheduler.ts'
import { StateStore } from './jobs/state-store.ts'
import { Destinations } from './local/destinations.ts'
import { removeLeftovers } from './local/leftovers.ts'
import { backupMetrics } from './metrics.ts'
import { mirrorEndpoint } from './mirror/mirror-endpoint.ts'
import { Mirrors } from './mirror/mirrors.ts'
import { restoreEndpoints } from './restore/restore-endpoints.ts'
import { Restorer } from './restore/restorer.ts'
import { PlanRunner } from './recovery/plan-runner.ts'
import { verifyEndpoints } from './verify/verify-endpoints.ts'
import { Verifier } from './verify/verifier.ts'

/** `ops.rpc.backup.<host>.*` in; `ops.backup.<host>.<job>.<phase>`, `ops.progress.<host>.<job>` and `ops.audit.backup` out. */
export const backup: ServiceDefinition<BackupConfig> = {
  name: 'backup',
  port: 8473,
  description: 'Backs up what this host has, encrypted, and looks whether it can be restored',
  start: async (context) => {
    const service = new Backup(context)
    await service.open()
    return service
  },
}

class Backup implements RunningService<BackupConfig> {
  readonly #context: ServiceContext<BackupConfig>
  readonly #store: StateStore
  readonly #queue: RunQueue
  readonly #runner: JobRunner
  readonly #pruner: Pruner
  readonly #integrity: IntegrityChecks
  readonly #verifier: Verifier
  readonly #restorer: Restorer
  readonly #plans: PlanRunner
  readonly #mirrors: Mirrors
  readonly #scheduler: Scheduler
  readonly #timezone: string
  readonly #stopping = new AbortController()
  #adopting: Promise<void> = Promise.resolve()
  #config: BackupConfig

  constructor(context: ServiceContext<BackupConfig>) {
    const { base, bus, clock, config, host, log, source, stateDir, version } = context
    this.#context = context
    this.#config = config
    this.#timezone = base.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
    const speaker: Speaker = { host, source, namespace: bus.namespace }
    this.#store = new StateStore(stateDir)
    const nextDue = (job: string): string | null => this.#scheduler.nextDue(job)
    const shared = { clock, log, store: this.#store, config: () => this.#config }
    this.#runner = new JobRunner({ ...shared, bus, speaker, version, timezone: this.#timezone, stateDir, nats: base.nats, nextDue })
    this.#pruner = new Pruner({
      ...shared,
      host,
      destinations: () => this.#destinations(),
      publish: async (about, facts) => await this.#runner.publish(about, facts),
    })
    this.#integrity = new IntegrityChecks({ ...shared, publish: async (about, facts) => await this.#runner.publish(about, facts) })
    const told = {
      destinations: () => this.#destinations(),
      publish: async (about: Parameters<JobRunner['publish']>[0], facts: BackupFacts) => await this.#runner.publish(about, facts),
      tell: (...progress: Parameters<JobRunner['tell']>) => this.#runner.tell(...progress),
    }
    this.#verifier = new Verifier({ ...shared, ...told, bus, speaker, timezone: this.#timezone, stateDir })
    const audited = { bus, clock, speaker }
    this.#restorer = new Restorer({
      ...shared,
      ...told,
      ...audited,
      version,
      timezone: this.#timezone,
      stateDir,
      onPlacesChanged: async () => await this.#scheduler.use(this.#config),
      audit: async (actor, target, outcome, reason) => await audit(audited, actor, 'backup.restore', target, outcome, reason),
    })
    this.#queue = new RunQueue(async (run) => {
      this.#scheduler.begun(run.job)
      await ([this.#pruner, this.#integrity, this.#verifier, this.#restorer].find((each) => each.owns(run)) ?? this.#runner).perform(run)
      // When this one is out of the queue: it may be due again already.
      setImmediate(() => this.#scheduler.look())
    })
    this.#mirrors = new Mirrors({ clock, log })
    this.#plans = new PlanRunner({
      ...shared,
      ...told,
      host,
      timezone: this.#timezone,
      stateDir,
      queue: this.#queue,
      verifier: this.#verifier,
    })
    const prune = (destination: string): void => this.#pruner.enqueue(this.#queue, destination)
    const checkIntegrity = (database: string): void => void this.#integrity.enqueue(this.#queue, database, 'schedule')
    const besides = (nowMs: number): number[] => [...this.#verifier.look(this.#queue, nowMs), ...this.#plans.look(nowMs)]
    const planned = { prune, checkIntegrity, besides }
    this.#scheduler = new Scheduler(
      { host, timezone: this.#timezone, clock, log, store: this.#store, queue: this.#queue, ...planned },
      config,
    )
    const parts = { bus, clock, speaker, store: this.#store, queue: this.#queue, runner: this.#runner, scheduler: this.#scheduler }
    bus.serve([
      ...endpoints({ ...parts, integrity: this.#integrity, config: () => this.#config, destinations: () => this.#destinations() }),
      ...restoreEndpoints({ restorer: this.#restorer, queue: this.#queue }),
      ...verifyEndpoints({ ...parts, verifier: this.#verifier, plans: this.#plans, config: () => this.#config }),
      mirrorEndpoint(this.#mirrors),
    ])
  }

  async open(): Promise<void> {
    await this.#removeLeftovers()
    await this.#store.load()
    await this.#restorer.recover(this.#stopping.signal)
    await this.#runner.recover()
    await this.#verifier.open()
    this.#adopt()
    await this.#mirrors.use(this.#config.mirrors)
    await this.#scheduler.start()
  }

  /** What a process that was killed left behind: temporary copies, scratch servers. */
  async #removeLeftovers(): Promise<void> {
    const { log, stateDir } = this.#context
    const places = [
      { path: join(stateDir, 'work'), isOurs: true },
      { path: join(this.#config.verify.scratch_dir ?? stateDir, 'drill'), isOurs: true },
      { path: tmpdir(), isOurs: false },
    ]
    try {
      const { folders, processes } = await removeLeftovers(places)
      if (folders > 0)
        log.warn({ folders, processes }, `removed what a process that is gone left: ${folders} work folders, ${processes} processes`)
    } catch (error) {
      log.warn({ error }, `what a process that is gone left could not be removed: ${describeError(error)}`)
    }
  }

  notReady(): string[] {
    return []
  }

  self(): SelfMetrics {
    const own = backupMetrics(this.#rows(), this.#integrity.rows(this.#queue), this.#runner, this.#queue.length)
    return { ...own, ...this.#mirrors.metrics() }
  }

  nextDue(): Record<string, string> {
    return Object.fromEntries(
      Object.keys(this.#config.jobs).flatMap((job) => {
        const due = this.#scheduler.nextDue(job)
        return due === null ? [] : [[job, due]]
      }),
    )
  }

  async reload(config: BackupConfig): Promise<void> {
    this.#config = config
    this.#adopt()
    await this.#mirrors.use(config.mirrors)
    await this.#scheduler.use(config)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#scheduler.stop()
    await this.#queue.close(new ConflictError('run_interrupted', 'the service was stopped in the middle of the run', { transient: true }))
    this.#verifier.stop()
    await this.#mirrors.stop()
    await this.#plans.stop()
    await this.#adopting
    await this.#store.settled()
  }

  /** Since when the slots of jobs count that were not seen before: their newest snapshot may be known to the repository. */
  #adopt(): void {
    const { clock, host, log } = this.#context
    const fresh = Object.keys(this.#config.jobs).filter((job) => this.#store.job(job) === undefined)
    if (fresh.length === 0) return
    this.#adopting = this.#adopting
      .then(
        async () =>
          await adoptPast({ store: this.#store, destinations: this.#destinations(), host, clock, signal: this.#stopping.signal }, fresh),
      )
      .catch((error: unknown) => log.error({ error }, describeError(error)))
      .then(() => this.#scheduler.look())
  }

  #rows(): JobRow[] {
    const { current } = this.#queue
    const under = current === undefined ? undefined : { job: current.job, progress: this.#runner.progress }
    const nextDue = (job: string): string | null => this.#scheduler.nextDue(job)
    const isWaiting = (job: string): boolean => this.#queue.find(job) !== undefined
    return jobRows({ config: this.#config, state: this.#store.state, nextDue, isWaiting, under }, this.#context.clock.now())
  }

  #destinations(): Destinations {
    const { base, clock, host } = this.#context
    return new Destinations(this.#config, { host, nats: base.nats, clock })
  }
}
