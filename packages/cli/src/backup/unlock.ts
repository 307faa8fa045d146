import { readLocks, removeStaleLocks } from '@nightshift/backup/lock/held-locks'
import { isoTime } from '@nightshift/shared/clock'
import { readFlags } from '../commands/command.ts'
import { chosenDestinations, localFlags, openLocalBackup, withDestination } from './local-backup.ts'
import type { Verb } from './verb.ts'

const usage = `nightshift backup unlock [--to DESTINATION] [--config FILE]
  removes the locks of processes that are gone; those of living ones stay`

/** Removes what dead processes left, and says who still holds a lock; answers 1 when somebody does. */
export const unlock: Verb = {
  usage,
  run: async (args, terminal) => {
    const { values } = readFlags({ usage }, { args, options: { ...localFlags, to: { type: 'string' } } })
    const local = await openLocalBackup(values, terminal)
    let held = 0
    for (const name of chosenDestinations(local, values.to)) {
      await withDestination(local, name, async ({ repository }) => {
        const { host: hostname, clock, signal } = local
        const removed = await removeStaleLocks(repository, { hostname, clock, signal })
        const left = await readLocks(repository, { signal })
        held += left.length
        terminal.out(`${name}: ${typeof removed === 'number' ? removed : removed.length} stale locks removed, ${left.length} held`)
        for (const { lock } of left)
          terminal.out(
            `  ${lock.exclusive ? 'exclusive' : 'shared'} by ${lock.username}@${lock.hostname}, process ${lock.pid}, seen alive at ${isoTime(lock.timeMs)}`,
          )
      })
    }
    return held === 0 ? 0 : 1
  },
}
