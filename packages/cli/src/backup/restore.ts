import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { ProgressThrottle, type RunProgress } from '@nightshift/backup/jobs/progress'
import { performRestore, recoverRestores, type RestoreOutcome } from '@nightshift/backup/restore/perform-restore'
import { prepareRestore } from '@nightshift/backup/restore/prepare-restore'
import type { RestorePlan } from '@nightshift/backup/restore/plan/restore-plan'
import { restoreRequestSchema, type RestoreRequest } from '@nightshift/backup/restore/request'
import type { RestoreParts } from '@nightshift/backup/restore/restore-parts'
import { isoTime } from '@nightshift/shared/clock'
import { ConfigError } from '@nightshift/shared/errors'
import { readFlags, type Terminal } from '../commands/command.ts'
import { readWhen } from '../commands/time-flags.ts'
import { findDataFolder } from '../data-folder/data-path.ts'
import { actorOf } from '../operator/ask-alerter.ts'
import { askBackup, askFlags } from './ask-backup.ts'
import { confirm } from './confirm.ts'
import { followRestore } from './follow-restore.ts'
import { localFlags, openLocalBackup, type LocalBackup } from './local-backup.ts'
import { noteActs } from './note-act.ts'
import { progressLine } from './progress-line.ts'
import { outcomeLines, planLines } from './restore-lines.ts'
import type { Verb } from './verb.ts'

const usage = `nightshift backup restore JOB|SET [--at TIME | --snapshot ID] [--from DESTINATION] [--to DIR | --in-place] [--path P]...
                          [--database D]... [--table T]... [--where SQL] [--keep-rows] [--no-safety] [--dry-run] [--yes] [--json]
                          [--host NAME] [--data DIR | --nats URL]
       nightshift backup restore ... --local [--host NAME] [--config FILE]
  Without --to and --in-place it goes beside what is live: a new folder, or a new database
  --at TIME    the snapshot nearest before it: 2026-01-31T12:00:00Z, or 6h for so long ago
  --in-place   takes the place of what is live; when that fails, or is not well afterwards, all is put back
  --path P     only this file or folder of the snapshot
  --table T    only this table: schema.table in PostgreSQL; in Redis a pattern of keys. In place: its rows come back, those added since stay
  --where SQL  only the rows of the table that fit; as --to only with --local
  --keep-rows  rows that are there stay as they are; without it those of the snapshot replace them
  --no-safety  takes no snapshot of what is live before
  --dry-run    only says what would be done, and what would be lost
  --local      here and now, with nothing but the configuration file and the password; --host NAME restores what another host backed up`

const options = {
  ...localFlags,
  ...askFlags,
  at: { type: 'string' },
  snapshot: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  'in-place': { type: 'boolean', default: false },
  path: { type: 'string', multiple: true },
  database: { type: 'string', multiple: true },
  table: { type: 'string', multiple: true },
  where: { type: 'string' },
  'keep-rows': { type: 'boolean', default: false },
  'no-safety': { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  yes: { type: 'boolean', default: false },
  local: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

type Flags = ReturnType<typeof readFlags<{ args: string[]; options: typeof options }>>['values']

const showEveryMs = 200

/** Brings back what was backed up; answers 1 when it failed and all is as before. */
export const restore: Verb = {
  usage,
  run: async (args, terminal) => {
    const { values, positionals } = readFlags({ usage }, { args, allowPositionals: true, options })
    const [name, ...rest] = positionals
    if (name === undefined || rest.length > 0) throw new ConfigError('usage', `say which job or set\nusage: ${usage}`)
    const request = requestOf(name, values, terminal)
    return values.local
      ? await restoreLocal(await openLocalBackup(values, terminal), request, values, terminal)
      : await restoreThere(request, values, terminal)
  },
}

function requestOf(name: string, flags: Flags, terminal: Terminal): RestoreRequest {
  const parsed = restoreRequestSchema.safeParse({
    name,
    at_time: flags.at === undefined ? null : isoTime(readWhen('--at', flags.at, Date.now())),
    snapshot: flags.snapshot ?? null,
    from: flags.from ?? null,
    paths: flags.path ?? [],
    databases: flags.database ?? [],
    tables: flags.table ?? [],
    where: flags.where ?? null,
    to: flags.to === undefined ? null : resolve(terminal.cwd, flags.to),
    in_place: flags['in-place'],
    keep_rows: flags['keep-rows'],
    safety: !flags['no-safety'],
  })
  if (parsed.success) return parsed.data
  throw new ConfigError('usage', `${parsed.error.issues.map(({ message }) => message).join('; ')}\nusage: ${usage}`)
}

async function restoreLocal(local: LocalBackup, request: RestoreRequest, flags: Flags, terminal: Terminal): Promise<number> {
  const workDir = await mkdtemp(join(tmpdir(), 'nightshift-restore-'))
  const throttle = new ProgressThrottle(showEveryMs, (progress: RunProgress) => terminal.status?.(progressLine(progress, terminal.columns)))
  const parts: RestoreParts = {
    ...local,
    host: flags.host ?? local.host,
    username: userInfo().username,
    workDir,
    journalDir: join(findDataFolder(flags.data, terminal.env, terminal.cwd), 'backup', 'restores'),
    onProgress: (progress) => throttle.note(progress),
    confirmRows: async (text) => {
      throttle.flush()
      terminal.status?.('')
      if (!flags.json) terminal.out(text)
      return flags.yes || (await confirm('copy them?', terminal))
    },
  }
  try {
    for (const outcome of await recoverRestores(parts)) for (const line of outcomeLines(outcome)) terminal.err(line)
    const prepared = await prepareRestore(request, parts)
    if (!(await agreed(prepared.plan, flags, local.timezone, terminal))) return flags['dry-run'] ? 0 : 1
    const outcome = await performRestore(prepared, actorOf(terminal), parts)
    throttle.flush()
    terminal.status?.('')
    if (request.in_place) await note(outcome, request.name, flags, local.host, terminal)
    return told(outcome, flags, terminal)
  } finally {
    terminal.status?.('')
    await rm(workDir, { recursive: true, force: true })
  }
}

async function restoreThere(request: RestoreRequest, flags: Flags, terminal: Terminal): Promise<number> {
  return await askBackup(flags, terminal, async (asked) => {
    const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone
    const { plan } = await asked.ask<{ plan: RestorePlan }>('restore', { ...request, dry_run: true })
    if (!(await agreed(plan, flags, timezone, terminal))) return flags['dry-run'] ? 0 : 1
    // The snapshots that were shown, also when there is a newer one by now.
    const [only, ...more] = plan.members
    const pinned = only !== undefined && more.length === 0 ? { snapshot: only.snapshot, at_time: null, from: only.destination } : {}
    const { run } = await asked.ask<{ run: string }>('restore', { ...request, ...pinned, actor: actorOf(terminal) })
    return told(await followRestore(asked, run, terminal), flags, terminal)
  })
}

/** Shows the plan; what takes the place of something is asked for. */
async function agreed(plan: RestorePlan, flags: Flags, timezone: string, terminal: Terminal): Promise<boolean> {
  if (flags['dry-run'] && flags.json) terminal.out(JSON.stringify(plan))
  if (!flags.json) for (const line of planLines(plan, timezone)) terminal.out(line)
  if (flags['dry-run']) return false
  if (plan.mode === 'beside' || flags.yes) return true
  if (await confirm(`${plan.name}: do this?`, terminal)) return true
  terminal.err('nothing was changed; --yes does it')
  return false
}

function told(outcome: RestoreOutcome, flags: Flags, terminal: Terminal): number {
  const isDone = outcome.outcome === 'done'
  if (flags.json) terminal.out(JSON.stringify(outcome))
  else for (const line of outcomeLines(outcome)) (isDone ? terminal.out : terminal.err)(line)
  return isDone ? 0 : 1
}

async function note(outcome: RestoreOutcome, name: string, flags: Flags, host: string, terminal: Terminal): Promise<void> {
  const isDone = outcome.outcome === 'done'
  const act = {
    action: 'backup.restore',
    target: `${name} in place, run ${outcome.run}`,
    outcome: isDone ? 'done' : 'failed',
    reason: outcome.failure,
  } as const
  await noteActs([act], { data: flags.data, nats: flags.nats, host }, terminal)
}
