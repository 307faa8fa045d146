import type { JobRow } from '@nightshift/backup/jobs/job-rows'
import { isoTime } from '@nightshift/shared/clock'
import { readFlags } from '../commands/command.ts'
import { askBackup, askFlags } from './ask-backup.ts'
import { bytesText, lengthText, timeText } from './quantities.ts'
import { tableLines } from './table.ts'
import type { Verb } from './verb.ts'

const usage = 'nightshift backup jobs [--json] [--host NAME] [--data DIR | --nats URL]'

const columns = [
  { title: 'JOB' },
  { title: 'STATE' },
  { title: 'LAST' },
  { title: 'SIZE', isNumber: true },
  { title: 'NEW', isNumber: true },
  { title: 'TOOK', isNumber: true },
  { title: 'NEXT' },
  { title: 'COPIES', isNumber: true },
  { title: 'TO' },
]

/** The jobs of a host and how they stand; answers 1 when one is failing or breaks what it promised. */
export const jobs: Verb = {
  usage,
  run: async (args, terminal) => {
    const { values } = readFlags({ usage }, { args, options: { ...askFlags, json: { type: 'boolean', default: false } } })
    const rows = await askBackup(values, terminal, async ({ ask }) => (await ask<{ jobs: JobRow[] }>('jobs')).jobs)
    const isWell = rows.every(({ state, rpo_met: rpo, rto_met: rto }) => state !== 'failing' && rpo !== false && rto !== false)
    if (values.json) terminal.out(JSON.stringify(rows))
    else if (rows.length === 0) terminal.out('no jobs; add them under backup.jobs of the configuration')
    else for (const line of jobLines(rows, isoTime(Date.now()), Intl.DateTimeFormat().resolvedOptions().timeZone)) terminal.out(line)
    return isWell ? 0 : 1
  },
}

/** The table, and below it what a person should know of single jobs. Pure. */
export function jobLines(rows: readonly JobRow[], nowTime: string, timezone: string): string[] {
  const cells = rows.map((row) => [
    row.job,
    row.state,
    timeText(row.last_time, timezone),
    bytesText(row.last_size_bytes),
    bytesText(row.last_added_bytes),
    lengthText(row.last_duration_seconds),
    row.next_due !== null && row.next_due < nowTime ? 'now' : timeText(row.next_due, timezone),
    String(row.copies.good),
    row.to.join(', '),
  ])
  return [...tableLines(columns, cells), ...rows.flatMap(notesOf)]
}

function notesOf(row: JobRow): string[] {
  const notes: string[] = []
  if (row.progress !== null) notes.push(`is at: ${row.progress.step}`)
  if (row.error !== null && row.state === 'failing') notes.push(`failed ${row.failures} times in a row: ${row.error}`)
  if (row.rpo_met === false)
    notes.push(
      row.rpo_seconds === null
        ? 'has no snapshot yet, so its RPO is not met'
        : `RPO not met: the newest good snapshot is ${lengthText(row.rpo_seconds)} old`,
    )
  if (row.rto_met === false) notes.push(`RTO not met: the last restore took ${lengthText(row.rto_seconds)}`)
  return notes.map((note) => `  ${row.job} ${note}`)
}
