import { EffectError, NightshiftError, describeError } from '@nightshift/shared/errors'
import type { BlobType } from '../repository/blob.ts'
import type { Repository } from '../repository/repository.ts'
import { IdSet } from '../snapshot/id-set.ts'
import { listSnapshots } from '../snapshot/snapshot.ts'
import { walkTrees } from '../snapshot/walk-trees.ts'

export interface UsedBlobs {
  readonly snapshots: number
  has(type: BlobType, id: string): boolean
}

/**
 * All blobs that any snapshot needs. Throws EffectError `prune_refused` when a snapshot or tree cannot be read, or a blob is missing: what
 * is needed is not known then, and nothing may be removed. The index must know no pack that is gone.
 */
export async function findUsedBlobs(repository: Repository, signal?: AbortSignal): Promise<UsedBlobs> {
  const used = { data: new IdSet(), tree: new IdSet() }
  try {
    const snapshots = await listSnapshots(repository, {}, signal)
    for (const snapshot of snapshots) {
      await walkTrees(repository, snapshot.tree, {
        seen: used.tree,
        ...(signal !== undefined && { signal }),
        onTree(_, nodes) {
          for (const { content = [] } of nodes) for (const id of content) if (used.data.add(id)) demand(repository, id)
        },
      })
    }
    return { snapshots: snapshots.length, has: (type, id) => used[type].has(id) }
  } catch (error) {
    signal?.throwIfAborted()
    throw new EffectError(
      'prune_refused',
      `nothing was removed from ${repository.store.description}, because what its snapshots need cannot be read (${describeError(error)}); ` +
        'run nightshift backup check, then nightshift backup repair',
      { cause: error, transient: error instanceof NightshiftError && error.transient },
    )
  }
}

function demand(repository: Repository, id: string): void {
  if (!repository.index.has('data', id)) throw new EffectError('blob_missing', `the blob ${id} lies in no pack`)
}
