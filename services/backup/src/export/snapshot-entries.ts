import { Readable } from 'node:stream'
import { IncludedPaths } from '../restore/tree/included-paths.ts'
import { TreeReader } from '../archive/tree-reader.ts'
import type { BlobId } from '../repository/blob.ts'
import type { Repository } from '../repository/repository.ts'
import type { TreeNode } from '../snapshot/node.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'

/** One thing in a snapshot, with its whole path. */
interface SnapshotEntry {
  readonly path: string
  readonly node: TreeNode
}

/** Everything below the wanted paths, folders before what is in them; without our own manifest. Memory does not grow with the snapshot. */
export async function* snapshotEntries(
  repository: Repository,
  snapshot: Snapshot,
  include: readonly string[] | undefined,
  signal: AbortSignal,
): AsyncGenerator<SnapshotEntry> {
  const trees = new TreeReader(repository)
  const included = new IncludedPaths(include)
  const walk = async function* (tree: BlobId, names: readonly string[]): AsyncGenerator<SnapshotEntry> {
    for (const node of await trees.read(tree, signal)) {
      signal.throwIfAborted()
      const below = [...names, node.name.toString()]
      const cover = included.covers(below)
      if (cover === undefined) continue
      if (cover === 'whole') yield { path: `/${below.join('/')}`, node }
      if (node.type === 'dir' && node.subtree !== undefined) yield* walk(node.subtree, below)
    }
  }
  yield* walk(snapshot.tree, [])
  included.refuseMissing(snapshot.id)
}

/** The content of a file, piece by piece, each compared with its hash. */
export function contentOf(repository: Repository, node: TreeNode, signal: AbortSignal): Readable {
  const pieces = async function* (): AsyncGenerator<Buffer> {
    for (const id of node.content ?? []) yield await repository.readBlob('data', id, signal)
  }
  return Readable.from(pieces(), { objectMode: false, highWaterMark: 1 })
}
