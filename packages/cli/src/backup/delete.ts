import { deleteSnapshot } from '@nightshift/backup/retention/delete-snapshot'
import { tagValue } from '@nightshift/backup/snapshot/tags'
import { isoTime } from '@nightshift/shared/clock'
import { ConfigError } from '@nightshift/shared/errors'
import { readFlags } from '../commands/command.ts'
import { operatorFlags } from '../operator/connect-operator.ts'
import { confirm } from './confirm.ts'
import { withSnapshot } from './find-snapshot.ts'
import { localFlags, openLocalBackup } from './local-backup.ts'
import { noteActs } from './note-act.ts'
import { bytesText, timeText } from './quantities.ts'
import type { Verb } from './verb.ts'

const usage = `nightshift backup delete SNAPSHOT [--to DESTINATION] [--yes] [--even-last] [--dry-run] [--config FILE] [--data DIR | --nats URL]
  SNAPSHOT is an id or the beginning of one; its data goes with the next prune. Copies in other destinations have ids of their own
  The last verified snapshot of a job (else its last) stays, and one that is not a day old yet
  --even-last  deletes them all the same`

const waitMs = 60_000
const minAgeMs = 86_400_000

/** Removes one snapshot that a person chose. Answers 1 when nothing was deleted. */
export const deleteVerb: Verb = {
  usage,
  run: async (args, terminal) => {
    const options = {
      ...localFlags,
      ...operatorFlags,
      to: { type: 'string' },
      yes: { type: 'boolean', default: false },
      'even-last': { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
    } as const
    const { values, positionals } = readFlags({ usage }, { args, allowPositionals: true, options })
    const [wanted, ...rest] = positionals
    if (wanted === undefined || wanted === 'latest' || wanted.length < 4 || rest.length > 0)
      throw new ConfigError('usage', `say which snapshot, with at least four characters of its id\nusage: ${usage}`)
    const local = await openLocalBackup(values, terminal)
    const { host, clock, signal, timezone } = local
    let deleted = 0
    await withSnapshot(local, wanted, values.to, async ({ name, repository }, snapshot) => {
      const about = { hostname: host, clock, signal, waitMs, minAgeMs, evenLast: values['even-last'] }
      await deleteSnapshot(repository, snapshot.id, { ...about, dryRun: true })
      const made = timeText(isoTime(snapshot.timeMs), timezone)
      const size = bytesText(snapshot.summary?.bytesProcessed ?? null)
      const what = `${snapshot.id.slice(0, 8)} of ${tagValue(snapshot, 'job') ?? snapshot.paths.join(' ')}, made ${made}, ${size}, in ${name}`
      if (values['dry-run']) {
        terminal.out(`would delete ${what}`)
        return 'more'
      }
      if (!values.yes && !(await confirm(`delete ${what}?`, terminal))) {
        terminal.err(`${what}: nothing was deleted; --yes does it`)
        return 'more'
      }
      await deleteSnapshot(repository, snapshot.id, about)
      deleted++
      terminal.out(`deleted ${what}`)
      await noteActs([{ action: 'backup.delete', target: what, outcome: 'done' }], { data: values.data, nats: values.nats, host }, terminal)
      return 'more'
    })
    return deleted > 0 || values['dry-run'] ? 0 : 1
  },
}
