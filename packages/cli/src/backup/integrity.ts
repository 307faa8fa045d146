import {
  applyRepairs,
  checkIntegrity,
  planRepairs,
  type DoneRepair,
  type IntegrityReport,
  type PlannedRepair,
} from '@nightshift/backup/integrity/check'
import { ConfigError, describeError, NightshiftError } from '@nightshift/shared/errors'
import { readFlags, type Terminal } from '../commands/command.ts'
import { confirm } from './confirm.ts'
import { localFlags, openConfiguredBackup, type LocalBackup } from './local-backup.ts'
import { noteActs } from './note-act.ts'
import { tableLines } from './table.ts'
import type { Verb } from './verb.ts'

const usage = `nightshift backup integrity [NAME...] [--repair [--yes]] [--json] [--config FILE] [--data DIR | --nats URL]
  NAME      of backup.integrity; the default is all of them
  --repair  says what can be put right without losing data, asks, and does it
  --yes     does it without asking
  --data, --nats  the bus whose backup service writes a repair into the audit; the look itself needs none`

const columns = [{ title: 'SEVERITY' }, { title: 'CHECK' }, { title: 'WHAT' }]

interface Flags {
  readonly repair: boolean
  readonly yes: boolean
  readonly json: boolean
  readonly data?: string | undefined
  readonly nats?: string | undefined
}

/** What became of one database. */
interface Outcome {
  readonly report: IntegrityReport
  readonly planned: readonly PlannedRepair[]
  readonly done: readonly DoneRepair[]
  /** After the repairs; the first look where there were none. */
  readonly after: IntegrityReport
}

/** Whether the databases of the configuration are sound; answers 1 when one is not. Needs no bus. */
export const integrity: Verb = {
  usage,
  run: async (args, terminal) => {
    const options = {
      ...localFlags,
      repair: { type: 'boolean', default: false },
      yes: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    } as const
    const { values, positionals } = readFlags({ usage }, { args, allowPositionals: true, options })
    const local = await openConfiguredBackup(values, terminal)
    let isSound = true
    for (const name of chosen(local, positionals)) {
      try {
        const outcome = await look(local, name, values, terminal)
        isSound &&= outcome.after.isSound
        if (values.json) terminal.out(JSON.stringify({ database: name, ...outcome }))
      } catch (error) {
        local.signal.throwIfAborted()
        if (!(error instanceof NightshiftError)) throw error
        isSound = false
        if (values.json) terminal.out(JSON.stringify({ database: name, error: describeError(error) }))
        else terminal.err(`${name}: could not be checked: ${describeError(error)}`)
      }
    }
    return isSound ? 0 : 1
  },
}

function chosen({ config }: LocalBackup, names: readonly string[]): readonly string[] {
  const known = Object.keys(config.integrity)
  if (known.length === 0)
    throw new ConfigError(
      'no_databases',
      'backup.integrity names no database; add for example integrity: { shop: { kind: sqlite, path: /srv/shop/shop.db } }',
    )
  const stranger = names.find((name) => !known.includes(name))
  if (stranger !== undefined)
    throw new ConfigError('no_such_database', `there is no ${stranger} under backup.integrity; there are ${known.join(', ')}`)
  return names.length > 0 ? names : known
}

async function look(local: LocalBackup, name: string, flags: Flags, terminal: Terminal): Promise<Outcome> {
  const config = local.config.integrity[name]
  if (config === undefined) throw new ConfigError('no_such_database', `there is no ${name}`)
  const out = (line: string): void => {
    if (!flags.json) terminal.out(line)
  }
  terminal.status?.(`${name}: looking`)
  const report = await checkIntegrity(config, local.signal).finally(() => terminal.status?.(''))
  for (const line of reportLines(name, report)) out(line)
  const nothing = { report, planned: [], done: [], after: report }
  const repairable = report.findings.filter(({ repair }) => repair !== undefined).length
  if (repairable === 0) return nothing
  if (!flags.repair) {
    out(`  ${repairable} of these can be put right; what that would do: nightshift backup integrity ${name} --repair`)
    return nothing
  }
  const planned = await planRepairs(config, report, local.signal)
  for (const line of planned.flatMap(planLines)) out(line)
  if (!flags.yes && !(await confirm(`${name}: do this?`, terminal))) {
    out('  nothing was changed; --yes does it')
    return { ...nothing, planned }
  }
  const { done, after } = await applyRepairs(config, planned, local.signal)
  for (const { statement, rows, error } of done)
    out(error === undefined ? `  done: ${statement}${rowsText(rows)}` : `  failed: ${statement}: ${error}`)
  await noteActs(
    done.map(({ statement, error }) => ({
      action: 'backup.integrity_repair',
      target: `${name}: ${statement}`,
      outcome: error === undefined ? 'done' : 'failed',
      reason: error ?? null,
    })),
    { data: flags.data, nats: flags.nats, host: local.host },
    terminal,
  )
  for (const line of reportLines(`${name} now`, after)) out(line)
  return { report, planned, done, after }
}

/** What was found, worst first. Pure. */
function reportLines(name: string, { checked, findings, isSound }: IntegrityReport): string[] {
  const errors = findings.filter(({ severity }) => severity === 'error').length
  const warnings = findings.length - errors
  const counts = [errors > 0 ? amount(errors, 'error') : '', warnings > 0 ? amount(warnings, 'warning') : ''].filter((text) => text !== '')
  if (checked === 0) return [`${name}: nothing was there to look at, so nothing is proven`]
  const verdict = isSound ? 'sound' : 'damaged'
  const head = `${name}: ${verdict}${counts.length > 0 ? ` (${counts.join(', ')})` : ''}: ${amount(checked, 'thing')} looked at (tables, indexes, rules)`
  if (findings.length === 0) return [head]
  const sorted = findings.toSorted((a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'))
  const rows = sorted.map(({ severity, check, detail }) => [severity, check, detail])
  return [head, ...tableLines(columns, rows).map((line) => `  ${line}`)]
}

function planLines({ check, statement, effect, rows }: PlannedRepair): string[] {
  return [`  for ${check}: ${statement}`, `    ${effect}${rowsText(rows)}`]
}

function rowsText(rows: number | null): string {
  return rows === null ? '' : `: ${amount(rows, 'row')}`
}

function amount(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
