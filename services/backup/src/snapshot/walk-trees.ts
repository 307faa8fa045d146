import type { BlobId } from '../repository/blob.ts'
import type { Repository } from '../repository/repository.ts'
import { IdSet } from './id-set.ts'
import type { TreeNode } from './node.ts'
import { decodeTree } from './tree.ts'

export interface WalkOptions {
  /** Trees that were seen are not visited again; given from outside, several walks share it. */
  readonly seen?: IdSet
  readonly signal?: AbortSignal
  /** Called once for each tree, parents before what is below them. */
  onTree(id: BlobId, nodes: readonly TreeNode[], bytes: Buffer, path: string): void | Promise<void>
  /** A tree that cannot be read. Without it the walk fails there. */
  onUnreadable?(id: BlobId, error: unknown, path: string): void
}

/** Enough to hide the way to a store that is far. */
const parallelReads = 8

/** Visits every tree below `root` once, however many folders are equal. */
export async function walkTrees(repository: Repository, root: BlobId, options: WalkOptions): Promise<void> {
  const seen = options.seen ?? new IdSet()
  const pending: { id: BlobId; path: string }[] = seen.add(root) ? [{ id: root, path: '/' }] : []
  while (pending.length > 0) {
    options.signal?.throwIfAborted()
    // From the end: depth first keeps the list short.
    const batch = pending.splice(-parallelReads)
    const read = await Promise.all(batch.map(async ({ id, path }) => readTree(repository, id, path, options)))
    for (const [index, tree] of read.entries()) {
      const place = batch[index]
      if (tree === undefined || place === undefined) continue
      await options.onTree(place.id, tree.nodes, tree.bytes, place.path)
      for (const node of tree.nodes) {
        if (node.subtree === undefined || !seen.add(node.subtree)) continue
        pending.push({ id: node.subtree, path: `${place.path}${place.path === '/' ? '' : '/'}${node.name.toString()}` })
      }
    }
  }
}

async function readTree(
  repository: Repository,
  id: BlobId,
  path: string,
  options: WalkOptions,
): Promise<{ nodes: TreeNode[]; bytes: Buffer } | undefined> {
  try {
    const bytes = await repository.readBlob('tree', id, options.signal)
    return { nodes: decodeTree(bytes), bytes }
  } catch (error) {
    options.signal?.throwIfAborted()
    if (options.onUnreadable === undefined) throw error
    options.onUnreadable(id, error, path)
    return undefined
  }
}
