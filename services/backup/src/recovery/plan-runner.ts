import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Clock } from '@nightshift/shared/clock'
import { ConfigError, ConflictError, describeError } from '@nightshift/shared/errors'
import { newId } from '@nightshift/shared/ids'
import type { BackupConfig } from '../config.ts'
import type { PlanConfig } from '../config/recovery-config.ts'
import type { BackupFacts } from '../jobs/backup-event.ts'
import { planJob } from '../verify/event-names.ts'
import type { RunQueue } from '../jobs/queue.ts'
import { dueMs, spreadOf } from '../jobs/schedule.ts'
import type { StateStore } from '../jobs/state-store.ts'
import { findingsText } from '../verify/verify-facts.ts'
import { markOfEnd, markOfStart, newMark } from '../verify/verify-mark.ts'
import type { Verifier } from '../verify/verifier.ts'
import { drillPlan } from './drill-plan.ts'
import { shortcomings, type PlanReport } from './plan-report.ts'
import { reportText } from './report-text.ts'

interface Parts {
  readonly clock: Clock
  readonly log: Logger
  readonly host: string
  readonly timezone: string
  readonly stateDir: string
  readonly store: StateStore
  readonly queue: RunQueue
  readonly verifier: Verifier
  readonly config: () => BackupConfig
  readonly publish: (about: { job: string; run: string; atMs: number }, facts: BackupFacts) => Promise<void>
}

const key = 'plan'
const maxReports = 40

/** Carries out the recovery plan in scratch places: each drill takes its turn in the queue, so runs that are due go in between. */
export class PlanRunner {
  readonly #parts: Parts
  /** Of this process. */
  lastReport: PlanReport | undefined
  #current: { run: string; done: Promise<void> } | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Begins when it is due; else gives the time when it will be. */
  look(nowMs: number): number[] {
    const { host, log, store, timezone } = this.#parts
    const config = this.#parts.config()
    if (config.plan === undefined || config.plan.schedule.length === 0 || this.#current !== undefined) return []
    const mark = store.state.verifications[key]
    if (mark === undefined) {
      void store.changeVerification(key, newMark(nowMs)).catch((error: unknown) => log.error({ error }, describeError(error)))
      return []
    }
    const terms = { crons: config.plan.schedule, timezone, jitterMs: config.verify.jitter, catchUp: true, window: null }
    const due = dueMs(terms, mark, spreadOf(host, key), nowMs)
    if (due === null) return []
    if (due > nowMs) return [due]
    this.#begin(config.plan, newId(nowMs), true)
    return []
  }

  /** On request; gives the id under which its end is told. */
  request(): { run: string; isNew: boolean } {
    const { plan } = this.#parts.config()
    if (plan === undefined) throw new ConfigError('no_plan', 'there is no recovery plan; write one under backup.plan')
    if (this.#current !== undefined) return { run: this.#current.run, isNew: false }
    const run = newId(this.#parts.clock.now())
    this.#begin(plan, run, false)
    return { run, isNew: true }
  }

  /** To be called when the queue is closed and the verifier stopped. */
  async stop(): Promise<void> {
    await this.#current?.done
  }

  #begin(plan: PlanConfig, run: string, isPlanned: boolean): void {
    const done = this.#carryOut(plan, run, isPlanned)
      .catch((error: unknown) => this.#parts.log.error({ error }, `the recovery drill: ${describeError(error)}`))
      .finally(() => {
        this.#current = undefined
      })
    this.#current = { run, done }
  }

  async #carryOut(plan: PlanConfig, run: string, isPlanned: boolean): Promise<void> {
    const { clock, host, log, queue, store, verifier } = this.#parts
    const mark = markOfStart(store.state.verifications[key] ?? newMark(clock.now()), isPlanned, clock.now())
    await store.changeVerification(key, mark)
    const report = await drillPlan(plan, {
      jobs: this.#parts.config().jobs,
      sets: this.#parts.config().sets,
      clock,
      drill: async (job) => {
        try {
          return await verifier.drill(queue, job)
        } catch (error) {
          return { error: describeError(error) }
        }
      },
    })
    // What a stop cut off says nothing about the plan; it is tried again after the next start.
    if (queue.isClosed) throw new ConflictError('stopping', 'the service was stopped in the middle of it', { transient: true })
    const file = await this.#save(report).catch((error: unknown) =>
      log.error({ error }, `the report was not written: ${describeError(error)}`),
    )
    this.lastReport = report
    const problems = shortcomings(report)
    log.info({ file, problems }, `recovery drill: ${report.passed ? 'all is as promised' : problems.join('; ')}`)
    await store.changeVerification(key, markOfEnd(mark, { findings: problems }, clock.now()))
    await this.#parts.publish(
      { job: planJob, run, atMs: clock.now() },
      {
        phase: report.passed ? 'drill' : 'drill_failed',
        level: 'V2',
        name: `recovery-drill-${host}`.slice(0, 64),
        checked_items: report.jobs.length,
        restore_seconds: report.jobs.reduce((sum, { restoreSeconds }) => sum + (restoreSeconds ?? 0), 0),
        duration_seconds: report.durationMs / 1000,
        error: findingsText(problems),
      },
    )
  }

  /** As text for people and as data; only so many stay. */
  async #save(report: PlanReport): Promise<string> {
    const folder = join(this.#parts.stateDir, 'reports')
    const name = `recovery-drill-${new Date(report.startedMs).toISOString().slice(0, 19).replaceAll(':', '')}`
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFile(join(folder, `${name}.md`), reportText(report, this.#parts.host), { mode: 0o600 })
    await writeFile(join(folder, `${name}.json`), `${JSON.stringify(report)}\n`, { mode: 0o600 })
    const old = (await readdir(folder)).filter((file) => file.startsWith('recovery-drill-')).sort()
    for (const file of old.slice(0, -maxReports)) await rm(join(folder, file), { force: true })
    return join(folder, `${name}.md`)
  }
}
