import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { ProgressThrottle, type RunProgress } from '@nightshift/backup/jobs/progress'
import type { JobRow } from '@nightshift/backup/jobs/job-rows'
import { judgeObjectives } from '@nightshift/backup/jobs/objectives'
import { drillPlan } from '@nightshift/backup/recovery/drill-plan'
import type { PlanReport } from '@nightshift/backup/recovery/plan-report'
import { performDrill } from '@nightshift/backup/verify/drill'
import type { DrillEnd } from '@nightshift/backup/verify/verifier'
import type { DrillAnswer } from '@nightshift/backup/verify/verify-endpoints'
import { findingsText } from '@nightshift/backup/verify/verify-facts'
import { ConfigError, describeError } from '@nightshift/shared/errors'
import type { BackupEvent } from '@nightshift/shared/events/backup'
import { readFlags, type Terminal } from '../commands/command.ts'
import { actorOf } from '../operator/ask-alerter.ts'
import { askBackup, askFlags, type Asked } from './ask-backup.ts'
import { drillLines, planLines, type DrillRow } from './drill-lines.ts'
import { followEnds } from './follow-ends.ts'
import { localFlags, openLocalBackup, type LocalBackup } from './local-backup.ts'
import { progressLine } from './progress-line.ts'
import type { Verb } from './verb.ts'

const usage = `nightshift backup drill [JOB ... | --plan] [--from DESTINATION] [--snapshot ID] [--json] [--host NAME] [--data DIR | --nats URL]
       nightshift backup drill [JOB ... | --plan] --local [--from DESTINATION] [--snapshot ID] [--json] [--config FILE]
  restores the newest snapshot of each job into a scratch place, compares it, and removes it again
  --plan   all jobs of the recovery plan, in its order, measured against what it promises
  --local  here and now, with nothing but the configuration file and the password`

const options = {
  ...localFlags,
  ...askFlags,
  local: { type: 'boolean', default: false },
  plan: { type: 'boolean', default: false },
  from: { type: 'string' },
  snapshot: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

interface Wanted {
  readonly jobs: readonly string[]
  readonly from: string | undefined
  readonly snapshot: string | undefined
}

const showEveryMs = 200

/** Proves that what is stored can be restored; answers 1 when something differs, or an objective of the plan is not met. */
export const drill: Verb = {
  usage,
  run: async (args, terminal) => {
    const { values, positionals } = readFlags({ usage }, { args, allowPositionals: true, options })
    const wanted: Wanted = { jobs: positionals, from: values.from, snapshot: values.snapshot }
    const isOdd = values.plan && (positionals.length > 0 || wanted.from !== undefined || wanted.snapshot !== undefined)
    if (isOdd || (wanted.snapshot !== undefined && positionals.length !== 1)) throw new ConfigError('usage', `usage: ${usage}`)
    if (values.local) {
      const local = await openLocalBackup(values, terminal)
      if (values.plan) return tellPlan(await localPlan(local, terminal), values.json, terminal)
      return tellDrills(await localDrills(local, wanted, terminal), values.json, terminal)
    }
    return await askBackup(values, terminal, async (asked) => {
      if (values.plan) return tellPlan(await askPlan(asked, terminal), values.json, terminal)
      return tellDrills(await askDrills(asked, wanted, terminal), values.json, terminal)
    })
  },
}

async function askDrills(asked: Asked, { jobs, from, snapshot }: Wanted, terminal: Terminal): Promise<DrillRow[]> {
  const names = jobs.length > 0 ? jobs : (await asked.ask<{ jobs: JobRow[] }>('jobs')).jobs.map(({ job }) => job)
  const ends = followEnds(asked, terminal)
  const request = {
    actor: actorOf(terminal),
    ...(from === undefined ? {} : { destination: from }),
    ...(snapshot === undefined ? {} : { snapshot }),
  }
  const runs: string[] = []
  for (const job of names) runs.push((await asked.ask<DrillAnswer>('drill', { ...request, job })).run)
  return (await Promise.all(runs.map(async (run) => await ends.of(run)))).map(rowOf)
}

async function askPlan(asked: Asked, terminal: Terminal): Promise<PlanReport> {
  const ends = followEnds(asked, terminal)
  const { run } = await asked.ask<DrillAnswer>('drill', { actor: actorOf(terminal), plan: true })
  await ends.of(run)
  const { report } = await asked.ask<{ report: PlanReport | null }>('plan')
  if (report === null)
    throw new ConfigError('no_report', 'the service has no report of the drill; `nightshift tap --kind backup` tells more')
  return report
}

function rowOf(event: BackupEvent): DrillRow {
  return {
    job: event.job,
    snapshot: event.snapshot,
    destination: event.destinations?.[0]?.name ?? null,
    items: event.checked_items ?? 0,
    restoreSeconds: event.restore_seconds ?? null,
    rtoMet: event.rto_met ?? null,
    error: event.error,
  }
}

async function localDrills(local: LocalBackup, wanted: Wanted, terminal: Terminal): Promise<DrillRow[]> {
  const jobs = wanted.jobs.length > 0 ? wanted.jobs : Object.keys(local.config.jobs)
  for (const job of jobs) local.destinations.namesOf(job)
  const rows: DrillRow[] = []
  for (const job of jobs) {
    const end = await localDrill(local, job, wanted, terminal)
    local.signal.throwIfAborted()
    const { rto } = local.config.jobs[job] ?? {}
    if ('error' in end) {
      rows.push({ job, snapshot: null, destination: wanted.from ?? null, items: 0, restoreSeconds: null, rtoMet: null, error: end.error })
      continue
    }
    const { destination, findings, items, restoreSeconds, snapshot } = end.outcome
    const { rtoMet } = judgeObjectives({ rpoMs: null, rtoMs: rto ?? null }, { contentMs: null, restoreSeconds }, local.clock.now())
    rows.push({ job, snapshot: snapshot.id, destination, items, restoreSeconds, rtoMet, error: findingsText(findings) })
  }
  return rows
}

async function localPlan(local: LocalBackup, terminal: Terminal): Promise<PlanReport> {
  const { plan, jobs, sets } = local.config
  if (plan === undefined) throw new ConfigError('no_plan', 'there is no recovery plan; write one under backup.plan')
  const wanted: Wanted = { jobs: [], from: undefined, snapshot: undefined }
  const report = await drillPlan(plan, {
    jobs,
    sets,
    clock: local.clock,
    drill: async (job) => await localDrill(local, job, wanted, terminal),
  })
  local.signal.throwIfAborted()
  return report
}

async function localDrill(local: LocalBackup, job: string, { from, snapshot }: Wanted, terminal: Terminal): Promise<DrillEnd> {
  const { clock, config, destinations, host, log, signal } = local
  const throttle = new ProgressThrottle(showEveryMs, (progress: RunProgress) => terminal.status?.(progressLine(progress, terminal.columns)))
  const scratchDir = await mkdtemp(join(config.verify.scratch_dir ?? tmpdir(), 'nightshift-drill-'))
  try {
    const found = config.jobs[job]
    const [first = ''] = destinations.namesOf(job)
    if (found === undefined) throw new ConfigError('no_such_job', `there is no job ${job}`)
    const parts = { job, config: found, host, username: userInfo().username, destinations, destination: from ?? first, snapshot }
    const onProgress = (progress: RunProgress): void => throttle.note(progress)
    return { outcome: await performDrill({ ...parts, scratchDir, clock, log, signal, onProgress }) }
  } catch (error) {
    return { error: describeError(error) }
  } finally {
    throttle.flush()
    terminal.status?.('')
    await rm(scratchDir, { recursive: true, force: true, maxRetries: 3 })
  }
}

function tellDrills(rows: readonly DrillRow[], isJson: boolean, terminal: Terminal): number {
  if (isJson) terminal.out(JSON.stringify(rows))
  else if (rows.length === 0) terminal.out('no jobs; add them under backup.jobs of the configuration')
  else for (const line of drillLines(rows)) terminal.out(line)
  return rows.length > 0 && rows.every(({ error }) => error === null) ? 0 : 1
}

function tellPlan(report: PlanReport, isJson: boolean, terminal: Terminal): number {
  if (isJson) terminal.out(JSON.stringify(report))
  else for (const line of planLines(report)) terminal.out(line)
  return report.passed ? 0 : 1
}
