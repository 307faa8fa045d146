import type { SnapshotsAnswer } from '@nightshift/backup/jobs/endpoints'
import { listRows, type SnapshotRow } from '@nightshift/backup/local/snapshot-rows'
import { ConfigError, describeError } from '@nightshift/shared/errors'
import { readFlags } from '../commands/command.ts'
import { askBackup, askFlags } from './ask-backup.ts'
import { localFlags, openLocalBackup } from './local-backup.ts'
import { plainText } from './plain-text.ts'
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

/** The snapshots of a host, newest first; answers 1 when some place or snapshot could not be read. */
export const snapshots: Verb = {
  usage,
  run: async (args, terminal) => {
    const { values, positionals } = readFlags({ usage }, { args, allowPositionals: true, options })
    const [job, ...rest] = positionals
    const count = Number(values.count)
    if (rest.length > 0 || !Number.isInteger(count) || count < 1) throw new ConfigError('usage', `usage: ${usage}`)
    let rows: SnapshotRow[]
    const troubles: string[] = []
    let timezone = Intl.DateTimeFormat().resolvedOptions().timeZone
    if (values.local) {
      const local = await openLocalBackup(values, terminal)
      timezone = local.timezone
      const hostname = values['all-hosts'] ? undefined : local.host
      const onTrouble = (place: string, error: unknown): void => void troubles.push(`${place}: ${describeError(error)}`)
      const wanted = { job, destination: values.to, hostname, onTrouble }
      rows = (await listRows(local.destinations, wanted, local.signal)).toReversed().slice(0, count)
    } else {
      const request = {
        ...(job === undefined ? {} : { job }),
        ...(values.to === undefined ? {} : { destination: values.to }),
        count: Math.min(1000, count),
      }
      const answer = await askBackup(values, terminal, async ({ ask }) => await ask<SnapshotsAnswer>('snapshots', request))
      rows = answer.snapshots
      troubles.push(...(answer.troubles ?? []))
    }
    for (const trouble of troubles) terminal.err(`warning: ${plainText(trouble)}`)
    if (values.json) terminal.out(JSON.stringify(rows))
    else if (rows.length === 0) terminal.out('no snapshots')
    else for (const line of snapshotLines(rows, timezone)) terminal.out(line)
    return troubles.length === 0 ? 0 : 1
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
    plainText(row.paths.join(' ')),
  ])
  return tableLines(columns, cells)
}
