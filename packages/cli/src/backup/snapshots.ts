import { listRows, type SnapshotRow } from '@nightshift/backup/local/snapshot-rows'
import { ConfigError } from '@nightshift/shared/errors'
import { readFlags } from '../commands/command.ts'
import { askBackup, askFlags } from './ask-backup.ts'
import { localFlags, openLocalBackup } from './local-backup.ts'
import { bytesText, timeText } from './quantities.ts'
import { tableLines } from './table.ts'
import type { Verb } from './verb.ts'

const usage = `nightshift backup list [JOB] [--to DESTINATION] [--count N] [--json] [--host NAME] [--data DIR | --nats URL]
       nightshift backup list [JOB] --local [--all-hosts] [--to DESTINATION] [--count N] [--json] [--config FILE]`

const options = {
  ...localFlags,
  ...askFlags,
  local: { type: 'boolean', default: false },
  'all-hosts': { type: 'boolean', default: false },
  to: { type: 'string' },
  count: { type: 'string', default: '100' },
  json: { type: 'boolean', default: false },
} as const

const columns = [
  { title: 'SNAPSHOT' },
  { title: 'TIME' },
  { title: 'JOB' },
  { title: 'KIND' },
  { title: 'SIZE', isNumber: true },
  { title: 'NEW', isNumber: true },
  { title: 'FILES', isNumber: true },
  { title: 'VERIFIED' },
  { title: 'IN' },
  { title: 'PATHS' },
]

/** The snapshots of a host, newest first. */
export const snapshots: Verb = {
  usage,
  run: async (args, terminal) => {
    const { values, positionals } = readFlags({ usage }, { args, allowPositionals: true, options })
    const [job, ...rest] = positionals
    const count = Number(values.count)
    if (rest.length > 0 || !Number.isInteger(count) || count < 1) throw new ConfigError('usage', `usage: ${usage}`)
    let rows: SnapshotRow[]
    let timezone = Intl.DateTimeFormat().resolvedOptions().timeZone
    if (values.local) {
      const local = await openLocalBackup(values, terminal)
      timezone = local.timezone
      const hostname = values['all-hosts'] ? undefined : local.host
      rows = (await listRows(local.destinations, { job, destination: values.to, hostname }, local.signal)).toReversed().slice(0, count)
    } else {
      const request = {
        ...(job === undefined ? {} : { job }),
        ...(values.to === undefined ? {} : { destination: values.to }),
        count: Math.min(1000, count),
      }
      rows = await askBackup(values, terminal, async ({ ask }) => (await ask<{ snapshots: SnapshotRow[] }>('snapshots', request)).snapshots)
    }
    if (values.json) terminal.out(JSON.stringify(rows))
    else if (rows.length === 0) terminal.out('no snapshots')
    else for (const line of snapshotLines(rows, timezone)) terminal.out(line)
    return 0
  },
}

/** The table. Pure. */
export function snapshotLines(rows: readonly SnapshotRow[], timezone: string): string[] {
  const cells = rows.map((row) => [
    row.snapshot.slice(0, 8),
    timeText(row.time, timezone),
    row.job ?? '-',
    row.kind ?? '-',
    bytesText(row.size_bytes),
    bytesText(row.added_bytes),
    row.files === null ? '-' : String(row.files),
    timeText(row.verified_time, timezone),
    row.destination,
    row.paths.join(' '),
  ])
  return tableLines(columns, cells)
}
