import { readManifest } from '@nightshift/backup/jobs/manifest'
import { loadSnapshot } from '@nightshift/backup/snapshot/snapshot'
import { tagValue } from '@nightshift/backup/snapshot/tags'
import { isoTime } from '@nightshift/shared/clock'
import { ConfigError } from '@nightshift/shared/errors'
import { readFlags } from '../commands/command.ts'
import { chosenDestinations, localFlags, openLocalBackup, withDestination } from './local-backup.ts'
import { bytesText, timeText } from './quantities.ts'
import type { Verb } from './verb.ts'

const usage = `nightshift backup show SNAPSHOT [--to DESTINATION] [--json] [--config FILE]
  SNAPSHOT is an id, the beginning of one, or latest`

/** What is known of one snapshot, with what was counted when it was made. */
export const show: Verb = {
  usage,
  run: async (args, terminal) => {
    const options = { ...localFlags, to: { type: 'string' }, json: { type: 'boolean', default: false } } as const
    const { values, positionals } = readFlags({ usage }, { args, allowPositionals: true, options })
    const [wanted, ...rest] = positionals
    if (wanted === undefined || rest.length > 0) throw new ConfigError('usage', `say which snapshot\nusage: ${usage}`)
    const local = await openLocalBackup(values, terminal)
    const [first = ''] = chosenDestinations(local, values.to)
    return await withDestination(local, first, async ({ repository }) => {
      const snapshot = await loadSnapshot(repository, wanted, { signal: local.signal })
      await repository.loadIndex(local.signal)
      const manifest = await readManifest(repository, snapshot, local.signal)
      const { id, timeMs, paths, hostname, username, tags, parent, summary } = snapshot
      if (values.json) {
        const shown = {
          snapshot: id,
          time: isoTime(timeMs),
          host: hostname,
          user: username,
          paths,
          tags,
          parent: parent ?? null,
          destination: first,
          manifest: manifest ?? null,
        }
        terminal.out(JSON.stringify(shown))
        return 0
      }
      terminal.out(`snapshot  ${id}`)
      terminal.out(`made      ${timeText(isoTime(timeMs), local.timezone)} by ${username}@${hostname}, in ${first}`)
      terminal.out(`job       ${tagValue(snapshot, 'job') ?? '-'} (${tagValue(snapshot, 'src') ?? 'made by another program'})`)
      terminal.out(
        `size      ${bytesText(summary?.bytesProcessed ?? null)} in ${summary?.filesProcessed ?? '-'} files, ${bytesText(summary?.dataAddedPackedBytes ?? null)} new`,
      )
      terminal.out(`verified  ${tagValue(snapshot, 'verified') ?? '-'}`)
      for (const path of paths) terminal.out(`path      ${path}`)
      for (const [fact, value] of Object.entries(manifest?.facts ?? {}).slice(0, 200)) terminal.out(`counted   ${fact} = ${value}`)
      return 0
    })
  },
}
