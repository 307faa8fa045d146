import { tmpdir, userInfo } from 'node:os'
import type { RunAnswer } from '@nightshift/backup/jobs/endpoints'
import { performRun, type RunOutcome } from '@nightshift/backup/jobs/perform-run'
import { ProgressThrottle, type RunProgress } from '@nightshift/backup/jobs/progress'
import { failureOf } from '@nightshift/backup/jobs/run-failure'
import { unreadText } from '@nightshift/backup/jobs/run-record'
import { backupName } from '@nightshift/backup/jobs/snapshot-name'
import { configName, parseDuration } from '@nightshift/shared/config/scalars'
import { WorkFolder } from '@nightshift/backup/sources/work-folder'
import { ConfigError } from '@nightshift/shared/errors'
import { newId } from '@nightshift/shared/ids'
import { readFlags, type Terminal } from '../commands/command.ts'
import { actorOf } from '../operator/ask-alerter.ts'
import { askBackup, askFlags } from './ask-backup.ts'
import { followRun } from './follow-run.ts'
import { localFlags, openLocalBackup, type LocalBackup } from './local-backup.ts'
import { plainText } from './plain-text.ts'
import { progressLine } from './progress-line.ts'
import { bytesText, lengthText } from './quantities.ts'
import type { Verb } from './verb.ts'

const usage = `nightshift backup run JOB [--no-wait] [--accept-smaller] [--json] [--host NAME] [--data DIR | --nats URL]
       nightshift backup run JOB --local [--accept-smaller] [--lock-wait 10m] [--json] [--config FILE]
  --local           here and now, with nothing but the configuration file and the password
  --accept-smaller  the data did shrink: do not take a small dump for a failed one
  --lock-wait TIME  how long to wait for others who lock the repository
  --no-wait         do not wait for the end`

const options = {
  ...localFlags,
  ...askFlags,
  local: { type: 'boolean', default: false },
  'accept-smaller': { type: 'boolean', default: false },
  'lock-wait': { type: 'string' },
  'no-wait': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

const showEveryMs = 200
const maxShown = 20

/** Runs a job now. */
export const run: Verb = {
  usage,
  run: async (args, terminal) => {
    const { values, positionals } = readFlags({ usage }, { args, allowPositionals: true, options })
    const [job, ...rest] = positionals
    if (job === undefined || rest.length > 0) throw new ConfigError('usage', `say which job\nusage: ${usage}`)
    if (values.local) return await runLocal(await openLocalBackup(values, terminal), job, values, terminal)
    // What cannot be a name must not become a subject.
    if (!configName().safeParse(job).success)
      throw new ConfigError('no_such_job', `there is no job ${plainText(job)}; nightshift backup jobs shows those there are`)
    return await askBackup(values, terminal, async (asked) => {
      const end = values['no-wait'] ? undefined : followRun(asked, job, terminal)
      const request = { job, actor: actorOf(terminal), accept_smaller: values['accept-smaller'] }
      const answer = await asked.ask<RunAnswer>('run', request)
      if (end === undefined) {
        terminal.out(values.json ? JSON.stringify(answer) : `${job}: run ${answer.run} ${answer.waiting > 0 ? 'waits its turn' : 'goes'}`)
        return 0
      }
      const event = await end.of(answer.run)
      if (values.json) terminal.out(JSON.stringify(event))
      else if (event.phase === 'failed') terminal.err(`${job}: failed: ${plainText(event.error ?? '')}`)
      else
        terminal.out(
          doneText(job, event.name ?? '', event.snapshot ?? '', event.size_bytes, event.added_bytes, event.duration_seconds, event.error),
        )
      return event.phase === 'failed' || event.error !== null ? 1 : 0
    })
  },
}

async function runLocal(
  local: LocalBackup,
  job: string,
  flags: { json: boolean; 'accept-smaller': boolean; 'lock-wait'?: string | undefined },
  terminal: Terminal,
): Promise<number> {
  local.destinations.namesOf(job)
  const config = local.config.jobs[job]
  if (config === undefined) throw new ConfigError('no_such_job', `there is no job ${job}`)
  const lockWaitMs = flags['lock-wait'] === undefined ? undefined : parseDuration(flags['lock-wait'])
  if (lockWaitMs === undefined && flags['lock-wait'] !== undefined)
    throw new ConfigError('usage', `--lock-wait ${flags['lock-wait']}: write for example 30s or 10m\nusage: ${usage}`)
  const startedMs = local.clock.now()
  const name = backupName(config.name, startedMs, config.timezone ?? local.timezone)
  const work = await WorkFolder.create(tmpdir(), 'nightshift-backup')
  const workDir = work.path
  const throttle = new ProgressThrottle(showEveryMs, (progress: RunProgress) => terminal.status?.(progressLine(progress, terminal.columns)))
  try {
    const outcome = await performRun({
      job,
      config,
      run: newId(startedMs),
      name,
      host: local.host,
      username: userInfo().username,
      version: local.version,
      timezone: local.timezone,
      destinations: local.destinations,
      workers: local.config.workers,
      workDir,
      clock: local.clock,
      log: local.log,
      signal: AbortSignal.any([local.signal, AbortSignal.timeout(config.timeout)]),
      acceptSmaller: flags['accept-smaller'],
      lockWaitMs,
      onProgress: (progress) => throttle.note(progress),
    })
    throttle.flush()
    terminal.status?.('')
    report(outcome, job, name, flags.json, terminal)
    return outcome.archived.unreadCount === 0 && outcome.destinations.every(({ error }) => error === null) ? 0 : 1
  } catch (error) {
    terminal.status?.('')
    throw failureOf(error, local.signal, config)
  } finally {
    await work.remove()
  }
}

function report(outcome: RunOutcome, job: string, name: string, isJson: boolean, terminal: Terminal): void {
  const { archived, snapshot, destinations, verified } = outcome
  const away = destinations.filter(({ error }) => error !== null)
  if (isJson) {
    const summary = {
      job,
      name,
      snapshot: snapshot.id,
      size_bytes: archived.bytesProcessed,
      added_bytes: archived.addedBytes,
      duration_seconds: outcome.durationMs / 1000,
      files_new: archived.filesNew,
      files_changed: archived.filesChanged,
      files_unmodified: archived.filesUnmodified,
      skipped: archived.skippedCount,
      unread: archived.unreadCount,
      checked_items: verified.items,
      destinations: destinations.map((each) => ({ name: each.name, snapshot: each.snapshot, error: each.error })),
    }
    terminal.out(JSON.stringify(summary))
    return
  }
  for (const { path, reason, kind } of archived.skipped.slice(0, maxShown))
    terminal.err(`${kind === 'stored' ? 'warning' : 'left out'}: ${plainText(path)}: ${reason}`)
  if (archived.skippedCount > maxShown) terminal.err(`and ${archived.skippedCount - maxShown} more like these`)
  const problems = away.map((each) => `${each.name}: ${each.error ?? ''}`)
  if (archived.unreadCount > 0) problems.push(unreadText(archived))
  const problem = problems.length === 0 ? null : problems.join('; ')
  terminal.out(doneText(job, name, snapshot.id, archived.bytesProcessed, archived.addedBytes, outcome.durationMs / 1000, problem))
}

function doneText(
  job: string,
  name: string,
  snapshot: string,
  sizeBytes: number | null,
  addedBytes: number | null,
  seconds: number | null,
  problem: string | null,
): string {
  const line = `${job}: ${name} is done: snapshot ${snapshot.slice(0, 8)}, ${bytesText(sizeBytes)}, ${bytesText(addedBytes)} new, in ${lengthText(seconds)}`
  return problem === null ? line : `${line}\n  but not all is well: ${plainText(problem)}`
}
