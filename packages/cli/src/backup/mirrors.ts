import type { MirrorRow } from '@nightshift/backup/mirror/mirror-endpoint'
import { readFlags } from '../commands/command.ts'
import { askBackup, askFlags } from './ask-backup.ts'
import { bytesText, lengthText } from './quantities.ts'
import { tableLines } from './table.ts'
import type { Verb } from './verb.ts'

const usage = 'nightshift backup mirrors [--json] [--host NAME] [--data DIR | --nats URL]'

const columns = [
  { title: 'MIRROR' },
  { title: 'STATE' },
  { title: 'LAG', isNumber: true },
  { title: 'WAITING', isNumber: true },
  { title: 'STORED', isNumber: true },
]

/** The mirrors of a host; answers 1 when one is further behind than it may be. */
export const mirrors: Verb = {
  usage,
  run: async (args, terminal) => {
    const { values } = readFlags({ usage }, { args, options: { ...askFlags, json: { type: 'boolean', default: false } } })
    const rows = await askBackup(values, terminal, async ({ ask }) => (await ask<{ mirrors: MirrorRow[] }>('mirrors')).mirrors)
    if (values.json) terminal.out(JSON.stringify(rows))
    else if (rows.length === 0) terminal.out('no mirrors; add them under backup.mirrors of the configuration')
    else for (const line of mirrorLines(rows)) terminal.out(line)
    return rows.some((row) => row.is_behind) ? 1 : 0
  },
}

/** The table, and below it what holds one up. Pure. */
export function mirrorLines(rows: readonly MirrorRow[]): string[] {
  const cells = rows.map((row) => [
    row.mirror,
    row.error !== null ? 'held up' : row.is_behind ? 'behind' : 'ok',
    lengthText(row.lag_seconds),
    String(row.waiting),
    `${row.stored_files} files, ${bytesText(row.stored_bytes)}`,
  ])
  return [...tableLines(columns, cells), ...rows.flatMap(({ mirror, error }) => (error === null ? [] : [`  ${mirror}: ${error}`]))]
}
