import type { Clock } from '@nightshift/shared/clock'
import { ConflictError } from '@nightshift/shared/errors'
import { acquireLock } from '../lock/repository-lock.ts'
import type { Repository } from '../repository/repository.ts'
import { listSnapshots, type Snapshot } from '../snapshot/snapshot.ts'
import { tagValue } from '../snapshot/tags.ts'
import { decideRetention } from './keep.ts'

export interface DeleteOptions {
  readonly hostname: string
  readonly clock: Clock
  /** Also the last verified snapshot of a job, or its last. */
  readonly evenLast?: boolean
  /** Only looks whether it may go. */
  readonly dryRun?: boolean
  readonly waitMs?: number
  readonly signal?: AbortSignal
}

/**
 * Removes one snapshot that a person chose; its bytes go in a later prune. The last verified one of its job (else its last) is refused with
 * ConflictError `last_snapshot`.
 */
export async function deleteSnapshot(repository: Repository, id: string, options: DeleteOptions): Promise<Snapshot> {
  const lock = await acquireLock(repository, { ...options, exclusive: true })
  try {
    const signal = options.signal === undefined ? lock.signal : AbortSignal.any([lock.signal, options.signal])
    const snapshots = await listSnapshots(repository, {}, signal)
    const chosen = snapshots.find((snapshot) => snapshot.id === id)
    if (chosen === undefined) throw new ConflictError('snapshot_gone', `the snapshot ${id} is not there any more`)
    if (options.evenLast !== true) refuseLast(chosen, snapshots, options.clock.now())
    signal.throwIfAborted()
    if (options.dryRun !== true) await repository.store.remove({ type: 'snapshot', id }, signal)
    return chosen
  } finally {
    await lock.release()
  }
}

function refuseLast(chosen: Snapshot, snapshots: readonly Snapshot[], nowMs: number): void {
  const together = snapshots.filter((snapshot) => groupOf(snapshot) === groupOf(chosen) && snapshot.timeMs <= nowMs)
  const kept = decideRetention(together, {}, nowMs).find(({ snapshot, keep }) => keep && snapshot.id === chosen.id)
  if (kept === undefined) return
  const what = kept.reasons.join(', ')
  throw new ConflictError('last_snapshot', `the snapshot ${chosen.id} stays: it is the ${what}; make a newer one and verify it first`)
}

/** What belongs together: the snapshots of a job of a host, or, when no job of ours made them, those of a host and its paths, as restic groups them. */
function groupOf({ hostname, paths, tags }: Snapshot): string {
  return JSON.stringify([hostname, tagValue({ tags }, 'job') ?? paths.toSorted()])
}
