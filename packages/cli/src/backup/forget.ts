import { userInfo } from 'node:os'
import { forget as forgetSnapshots, planRetention } from '@nightshift/backup/jobs/retain'
import { isoTime } from '@nightshift/shared/clock'
import { readFlags } from '../commands/command.ts'
import { chosenDestinations, localFlags, openLocalBackup, withDestination } from './local-backup.ts'
import { timeText } from './quantities.ts'
import { tableLines } from './table.ts'
import type { Verb } from './verb.ts'

const usage = `nightshift backup forget [JOB] [--dry-run] [--to DESTINATION] [--json] [--config FILE]
  removes the snapshots that no rule of \`keep\` keeps, as each run does; their data goes with the next prune
  --dry-run  only says what would go, what would stay, and why`

const columns = [{ title: 'SNAPSHOT' }, { title: 'TIME' }, { title: 'JOB' }, { title: 'IN' }, { title: '' }, { title: 'WHY' }]

/** Applies the retention of jobs now. */
export const forget: Verb = {
  usage,
  run: async (args, terminal) => {
    const options = {
      ...localFlags,
      to: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    } as const
    const { values, positionals } = readFlags({ usage }, { args, allowPositionals: true, options })
    const local = await openLocalBackup(values, terminal)
    const jobs = positionals.length > 0 ? positionals : Object.keys(local.config.jobs)
    const shown: { snapshot: string; time: string; job: string; destination: string; keep: boolean; reasons: readonly string[] }[] = []
    for (const name of chosenDestinations(local, values.to)) {
      await withDestination(local, name, async ({ repository }) => {
        for (const job of jobs) {
          const config = local.destinations.namesOf(job).includes(name) ? local.config.jobs[job] : undefined
          if (config === undefined) continue
          const { host, timezone, clock, log, signal } = local
          const parts = { job, config, host, username: userInfo().username, timezone, clock, log, signal }
          const plan = await planRetention(parts, repository)
          if (!values['dry-run']) await forgetSnapshots(parts, repository)
          for (const { snapshot, keep, reasons } of plan)
            shown.push({ snapshot: snapshot.id, time: isoTime(snapshot.timeMs), job, destination: name, keep, reasons })
        }
      })
    }
    if (values.json) terminal.out(JSON.stringify(shown))
    else {
      const word = (keep: boolean): string => (keep ? 'stays' : values['dry-run'] ? 'would go' : 'went')
      const rows = shown.map((each) => [
        each.snapshot.slice(0, 8),
        timeText(each.time, local.timezone),
        each.job,
        each.destination,
        word(each.keep),
        each.reasons.join(', '),
      ])
      for (const line of tableLines(columns, rows)) terminal.out(line)
    }
    return 0
  },
}
