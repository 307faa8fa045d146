import { pruneDestination } from '@nightshift/backup/local/prune-destination'
import { isoTime } from '@nightshift/shared/clock'
import { readFlags } from '../commands/command.ts'
import { chosenDestinations, localFlags, openLocalBackup } from './local-backup.ts'
import { bytesText, timeText } from './quantities.ts'
import type { Verb } from './verb.ts'

const usage = `nightshift backup prune [--dry-run] [--to DESTINATION] [--json] [--config FILE]
  removes the data that no snapshot needs; what is found now goes when it was not needed for \`prune.grace\` (24h)`

/** Removes the data of forgotten snapshots now. */
export const prune: Verb = {
  usage,
  run: async (args, terminal) => {
    const options = {
      ...localFlags,
      to: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    } as const
    const { values } = readFlags({ usage }, { args, options })
    const local = await openLocalBackup(values, terminal)
    const { host, clock, signal, config } = local
    for (const name of chosenDestinations(local, values.to)) {
      const { report, room } = await pruneDestination(local.destinations, name, {
        host,
        clock,
        signal,
        graceMs: config.prune.grace,
        dryRun: values['dry-run'],
      })
      if (values.json) {
        terminal.out(JSON.stringify({ destination: name, ...report, ...room }))
        continue
      }
      const [remove, repack] = values['dry-run'] ? ['would remove', 'would repack'] : ['removed', 'repacked']
      const { removedPacks, removedBytes, repackedPacks, repackedBytes } = report
      if (removedPacks + repackedPacks === 0) terminal.out(`${name}: nothing to remove now`)
      else
        terminal.out(
          `${name}: ${remove} ${removedPacks} packs (${bytesText(removedBytes)}), ${repack} ${repackedPacks} (${bytesText(repackedBytes)})`,
        )
      const nextTime = report.nextRemovalMs === null ? null : isoTime(report.nextRemovalMs)
      if (nextTime !== null)
        terminal.out(
          `${name}: ${bytesText(report.markedBytes)} in ${report.markedPacks} packs are not needed any more; they go from ${timeText(nextTime, local.timezone)} on`,
        )
      terminal.out(`${name}: ${bytesText(room.storedBytes)} stored, ${bytesText(room.freeBytes)} free`)
    }
    return 0
  },
}
