import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { RunAnswer } from '@nightshift/backup/jobs/endpoints'
import { performRun, type RunOutcome } from '@nightshift/backup/jobs/perform-run'
import { ProgressThrottle, type RunProgress } from '@nightshift/backup/jobs/progress'
import { backupName } from '@nightshift/backup/jobs/snapshot-name'
import { ConfigError } from '@nightshift/shared/errors'
import { newId } from '@nightshift/shared/ids'
import { readFlags, type Terminal } from '../commands/command.ts'
import { actorOf } from '../operator/ask-alerter.ts'
import { askBackup, askFlags } from './ask-backup.ts'
import { followRun } from './follow-run.ts'
import { localFlags, openLocalBackup, type LocalBackup } from './local-backup.ts'
import { progressLine } from './progress-line.ts'
import { bytesText, lengthText } from './quantities.ts'
import type { Verb } from './verb.ts'

const usage = `nightshift backup run JOB [--no-wait] [--accept-smaller] [--json] [--host NAME] [--data DIR | --nats URL]
       nightshift backup run JOB --local [--accept-smaller] [--json] [--config FILE]
  --local           here and now, with nothing but the configuration file and the password
  --accept-smaller  the data did shrink: do not take a small dump for a failed one
  --no-wait         do not wait for the end`

const options = {
  ...localFlags,
  ...askFlags,
  local: { type: 'boolean', default: false },
  'accept-smaller': { type: 'boolean', default: false },
  'no-wait': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

const showEveryMs = 200

/** Runs a job now. */
export const run: Verb = {
  usage,
  run: async (args, terminal) => {
    const { values, positionals } = readFlags({ usage }, { args, allowPositionals: true, options })
    const [job, ...rest] = positionals
    if (job === undefined || rest.length > 0) throw new ConfigError('usage', `say which job\nusage: ${usage}`)
    if (values.local) return await runLocal(await openLocalBackup(values, terminal), job, values, terminal)
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
      else if (event.phase === 'failed') terminal.err(`${job}: failed: ${event.error ?? ''}`)
      else
        terminal.out(
          doneText(job, event.name ?? '', event.snapshot ?? '', event.size_bytes, event.added_bytes, event.duration_seconds, event.error),
        )
      return event.phase === 'failed' ? 1 : 0
    })
  },
}

async function runLocal(
  local: LocalBackup,
  job: string,
  flags: { json: boolean; 'accept-smaller': boolean },
  terminal: Terminal,
): Promise<number> {
  local.destinations.namesOf(job)
  const config = local.config.jobs[job]
  if (config === undefined) throw new ConfigError('no_such_job', `there is no job ${job}`)
  const startedMs = local.clock.now()
  const name = backupName(config.name, startedMs, config.timezone ?? local.timezone)
  const workDir = await mkdtemp(join(tmpdir(), 'nightshift-backup-'))
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
      onProgress: (progress) => throttle.note(progress),
    })
    throttle.flush()
    terminal.status?.('')
    report(outcome, job, name, flags.json, terminal)
    return outcome.destinations.every(({ error }) => error === null) ? 0 : 1
  } finally {
    await rm(workDir, { recursive: true, force: true })
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
      checked_items: verified.items,
      destinations: destinations.map((each) => ({ name: each.name, snapshot: each.snapshot, error: each.error })),
    }
    terminal.out(JSON.stringify(summary))
    return
  }
  for (const { path, reason } of archived.skipped.slice(0, 20)) terminal.err(`left out: ${path}: ${reason}`)
  const problem = away.length === 0 ? null : away.map((each) => `${each.name}: ${each.error ?? ''}`).join('; ')
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
  return problem === null ? line : `${line}\n  but not everywhere: ${problem}`
}
