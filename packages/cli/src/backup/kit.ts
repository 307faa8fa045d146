import { isoTime } from '@nightshift/shared/clock'
import { readFlags } from '../commands/command.ts'
import { chosenDestinations, localFlags, openLocalBackup, withDestination } from './local-backup.ts'
import { recoveryKit, type KitEntry } from './recovery-kit.ts'
import type { Verb } from './verb.ts'

const usage = `nightshift backup kit [--to DESTINATION] [--config FILE]
  prints where the repositories are and how plain restic restores from them; no password`

/** The recovery kit again. */
export const kit: Verb = {
  usage,
  run: async (args, terminal) => {
    const { values } = readFlags({ usage }, { args, options: { ...localFlags, to: { type: 'string' } } })
    const local = await openLocalBackup(values, terminal)
    const entries: KitEntry[] = []
    for (const name of chosenDestinations(local, values.to))
      entries.push(
        await withDestination(local, name, async ({ repository, config }) => await Promise.resolve({ name, id: repository.id, config })),
      )
    terminal.out(recoveryKit(local.host, Object.keys(local.config.jobs), entries, isoTime(local.clock.now())))
    return 0
  },
}
