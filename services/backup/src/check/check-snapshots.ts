import { NightshiftError, describeError } from '@nightshift/shared/errors'
import type { Repository } from '../repository/repository.ts'
import { IdSet } from '../snapshot/id-set.ts'
import { readSnapshots, type Snapshot } from '../snapshot/snapshot.ts'
import { walkTrees } from '../snapshot/walk-trees.ts'
import type { Findings } from './findings.ts'

/** Reads every snapshot file. `expected` are ids that the caller knows to exist: one that is nowhere is reported. */
export async function checkSnapshotFiles(
  repository: Repository,
  findings: Findings,
  expected: readonly string[],
  signal?: AbortSignal,
): Promise<Snapshot[]> {
  const snapshots: Snapshot[] = []
  const known = new Set<string>()
  for await (const { id, snapshot, error } of readSnapshots(repository, signal)) {
    known.add(id)
    if (snapshot?.original !== undefined) known.add(snapshot.original)
    if (snapshot !== undefined) snapshots.push(snapshot)
    if (error !== undefined) {
      const message = `the snapshot ${id} cannot be read: ${describeError(error.cause ?? error)}; take its file from another destination`
      findings.error('snapshot_damaged', message, { file: { type: 'snapshot', id } })
    }
  }
  for (const id of expected) {
    if (known.has(id)) continue
    const message = `the snapshot ${id} is gone, and nobody has forgotten it; take its file from another destination`
    findings.error('snapshot_missing', message, { file: { type: 'snapshot', id } })
  }
  findings.checked.snapshots = snapshots.length
  return snapshots
}

/** Whether everything that the snapshots need is there: each tree is read, each piece of a file is in the index. */
export async function checkTrees(
  repository: Repository,
  snapshots: readonly Snapshot[],
  findings: Findings,
  signal?: AbortSignal,
): Promise<void> {
  const seen = { data: new IdSet(), tree: new IdSet() }
  for (const snapshot of snapshots) {
    const name = `snapshot ${snapshot.id.slice(0, 8)} of ${new Date(snapshot.timeMs).toISOString()}`
    await walkTrees(repository, snapshot.tree, {
      seen: seen.tree,
      ...(signal !== undefined && { signal }),
      onTree(_, nodes, __, path) {
        findings.checked.trees += 1
        for (const node of nodes) {
          for (const id of node.content ?? []) {
            if (!seen.data.add(id)) continue
            findings.checked.blobs += 1
            if (repository.index.has('data', id)) continue
            const where = `${path === '/' ? '' : path}/${node.name.toString()}`
            const message = `a piece of ${where} in ${name} (blob ${id}) lies in no pack; a new backup stores it again if the file is as it was`
            findings.error('blob_missing', message, { blobId: id })
          }
        }
      },
      onUnreadable(id, error, path) {
        const isMissing = error instanceof NightshiftError && error.code === 'blob_missing'
        const message = `the folder ${path} in ${name} (tree ${id}) cannot be read: ${describeError(error)}`
        findings.error(isMissing ? 'tree_missing' : 'tree_damaged', message, { blobId: id })
      },
    })
  }
}
