import type { OpenDestination } from '@nightshift/backup/local/destinations'
import { loadSnapshot, type Snapshot } from '@nightshift/backup/snapshot/snapshot'
import { ConfigError, NightshiftError } from '@nightshift/shared/errors'
import { chosenDestinations, withDestination, type LocalBackup } from './local-backup.ts'

/** Works with a snapshot in every destination that has it, until `work` says that it is enough. Throws what the first one said when none has. */
export async function withSnapshot(
  local: LocalBackup,
  wanted: string,
  to: string | undefined,
  work: (open: OpenDestination, snapshot: Snapshot) => Promise<'enough' | 'more'>,
): Promise<void> {
  let failure: NightshiftError | undefined
  let isFound = false
  for (const name of chosenDestinations(local, to)) {
    const next = await withDestination(local, name, async (open) => {
      const snapshot = await loadSnapshot(open.repository, wanted, { signal: local.signal })
      isFound = true
      return { result: await work(open, snapshot) }
    }).catch((error: unknown) => {
      local.signal.throwIfAborted()
      if (isFound || !(error instanceof NightshiftError) || error.code === 'snapshot_ambiguous') throw error
      failure ??= error
      return undefined
    })
    if (next?.result === 'enough') return
  }
  if (!isFound) throw failure ?? new ConfigError('snapshot_unknown', `there is no snapshot ${wanted}`)
}
