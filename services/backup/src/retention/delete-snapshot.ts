import type { Clock } from '@nightshift/shared/clock'
import { formatDuration } from '@nightshift/shared/config/scalars'
import { ConflictError } from '@nightshift/shared/errors'
import { acquireLock } from '../lock/repository-lock.ts'
import type { Repository } from '../repository/repository.ts'
import { listSnapshots, type Snapshot } from '../snapshot/snapshot.ts'
import { tagValue } from '../snapshot/tags.ts'
import { decideRetention } from './keep.ts'

export interface DeleteOptions {
  readonly hostname: string
  readonly clock: Clock
  /** Also the last verified snapshot of a job, its last, and one that is too new. */
  readonly evenLast?: boolean
  /** One that is newer is refused: who deletes in a hurry deletes what was just made. */
  readonly minAgeMs?: number
  /** Only looks whether it may go. */
  readonly dryRun?: boolean
  readonly waitMs?: number
  readonly signal?: AbortSignal
}

/**
 * Removes one snapshot that a person chose; its bytes go in a later prune. The last verified one of its job (else its last) is refused with
 * ConflictError `last_snapshot`, one that is newer than `minAgeMs` with `snapshot_too_new`.
 */
export async function deleteSnapshot(repository: Repository, id: string, options: DeleteOptions): Promise<Snapshot> {
  const lock = await acquireLock(repository, { ...options, exclusive: true })
  try {
    const signal = options.signal === undefined ? lock.signal : AbortSignal.any([lock.signal, options.signal])
    const snapshots = await listSnapshots(repository, {}, signal)
    const chosen = snapshots.find((snapshot) => snapshot.id === id)
    if (chosen === undefined) throw new ConflictError('snapshot_gone', `the snapshot ${id} is not there any more`)
    if (options.evenLast !== true) {
      refuseLast(chosen, snapshots, options.clock.now())
      refuseNew(chosen, options)
    }
    signal.throwIfAborted()
    if (options.dryRun !== true) await repository.store.remove({ type: 'snapshot', id }, signal)
    return chosen
  } finally {
    await lock.release()
  }
}

function refuseNew({ id, timeMs }: Snapshot, { minAgeMs = 0, clock }: DeleteOptions): void {
  if (clock.now() - timeMs >= minAgeMs) return
  throw new ConflictError('snapshot_too_new', `the snapshot ${id} stays: it is not ${formatDuration(minAgeMs)} old yet`)
}

function refuseLast(chosen: Snapshot, snapshots: readonly Snapshot[], nowMs: number): void {
  const together = snapshots.filter((snapshot) => groupOf(snapshot) === groupOf(chosen) && snapshot.timeMs <= nowMs)
  const kept = decideRetention(together, {}, nowMs).find(({ snapshot, keep }) => keep && snapshot.id === chosen.id)
  if (kept !== undefined)
    throw new ConflictError(
      'last_snapshot',
      `the snapshot ${chosen.id} stays: it is the ${kept.reasons.join(', ')}; make a newer one and verify it first`,
    )
}

/** What belongs together: the snapshots of a job of a host, or, when no job of ours made them, those of a host and its paths, as restic groups them. */
function groupOf({ hostname, paths, tags }: Snapshot): string {
  return JSON.stringify([hostname, tagValue({ tags }, 'job') ?? paths.toSorted()])
}
