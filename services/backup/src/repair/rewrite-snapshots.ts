import { NightshiftError } from '@nightshift/shared/errors'
import type { BlobId } from '../repository/blob.ts'
import { BlobWriter } from '../repository/blob-writer.ts'
import type { Repository } from '../repository/repository.ts'
import type { TreeNode } from '../snapshot/node.ts'
import { readSnapshots, type Snapshot } from '../snapshot/snapshot.ts'
import { withTag } from '../snapshot/tags.ts'
import { decodeTree, encodeTree } from '../snapshot/tree.ts'

export interface RewrittenSnapshot {
  readonly id: string
  /** Null: nothing of it could be read. */
  readonly newId: string | null
  /** Files and folders that are not in it any more; the first thousand. */
  readonly lostPaths: readonly string[]
  readonly lostCount: number
}

interface Rewriting {
  readonly repository: Repository
  readonly writer: BlobWriter
  readonly signal: AbortSignal
  /** What became of a tree: its new id, or null when it cannot be read. Trees that are whole keep their id. */
  readonly known: Map<BlobId, { id: BlobId | null; lost: readonly string[]; lostCount: number }>
}

const maxPaths = 1000

/**
 * Writes snapshots that are not whole anew without the files and folders that cannot be read, marked with a tag, and removes the old ones.
 * A file with a missing piece is left out: one with a hole would pass for whole. With `dryRun` it only tells.
 */
export async function rewriteSnapshots(
  repository: Repository,
  options: { dryRun: boolean; nowMs: number; signal: AbortSignal },
): Promise<RewrittenSnapshot[]> {
  const { dryRun, signal } = options
  const rewriting: Rewriting = { repository, writer: new BlobWriter(repository), signal, known: new Map() }
  const rewritten: RewrittenSnapshot[] = []
  const writing: { old: Snapshot; tree: BlobId | null }[] = []
  const present: Snapshot[] = []
  for await (const { id, snapshot } of readSnapshots(repository, signal)) {
    if (snapshot === undefined) {
      rewritten.push({ id, newId: null, lostPaths: ['/'], lostCount: 1 })
      if (!dryRun) await repository.store.remove({ type: 'snapshot', id }, signal)
      continue
    }
    present.push(snapshot)
    const root = await rewriteTree(rewriting, snapshot.tree, dryRun)
    if (root.id === snapshot.tree) continue
    writing.push({ old: snapshot, tree: root.id })
    rewritten.push({ id, newId: null, lostPaths: root.lost, lostCount: root.lostCount })
  }
  if (dryRun) return rewritten
  await rewriting.writer.flush(signal)
  for (const { old, tree } of writing) {
    // A repair that was cut off may have written it already, and not yet removed the old one.
    const twin = present.find((other) => other.tree === tree && other.timeMs === old.timeMs && other.original === (old.original ?? old.id))
    const newId = tree === null ? null : (twin?.id ?? (await writeAnew(repository, old, tree, options)))
    await repository.store.remove({ type: 'snapshot', id: old.id }, signal)
    const place = rewritten.findIndex(({ id }) => id === old.id)
    const told = rewritten[place]
    if (told !== undefined) rewritten[place] = { ...told, newId }
  }
  return rewritten
}

async function writeAnew(
  repository: Repository,
  old: Snapshot,
  tree: BlobId,
  options: { nowMs: number; signal: AbortSignal },
): Promise<string> {
  const tags = withTag(
    old.tags.filter((tag) => !tag.startsWith('verified=')),
    'repaired',
    new Date(options.nowMs).toISOString(),
  )
  return repository.writeJson('snapshot', { ...old.document, tree, tags, original: old.original ?? old.id }, options.signal)
}

async function rewriteTree(
  work: Rewriting,
  id: BlobId,
  dryRun: boolean,
): Promise<{ id: BlobId | null; lost: readonly string[]; lostCount: number }> {
  const known = work.known.get(id)
  if (known !== undefined) return known
  const nodes = await readTree(work, id)
  const outcome = nodes === undefined ? { id: null, lost: ['/'], lostCount: 1 } : await rewriteNodes(work, id, nodes, dryRun)
  work.known.set(id, outcome)
  return outcome
}

async function rewriteNodes(
  work: Rewriting,
  id: BlobId,
  nodes: readonly TreeNode[],
  dryRun: boolean,
): Promise<{ id: BlobId; lost: readonly string[]; lostCount: number }> {
  const kept: TreeNode[] = []
  const lost: string[] = []
  let lostCount = 0
  for (const node of nodes) {
    const path = `/${node.name.toString()}`
    const below = node.subtree === undefined ? undefined : await rewriteTree(work, node.subtree, dryRun)
    const isWhole = (node.content ?? []).every((blobId) => work.repository.index.has('data', blobId))
    if (below !== undefined && below.id !== null) {
      kept.push({ ...node, subtree: below.id })
      lost.push(...below.lost.map((lower) => path + lower))
      lostCount += below.lostCount
    } else if (below === undefined && isWhole) {
      kept.push(node)
    } else {
      lost.push(path)
      lostCount += 1
    }
  }
  if (lostCount === 0) return { id, lost, lostCount }
  const tree = encodeTree(kept)
  const newId = dryRun ? '' : (await work.writer.save('tree', tree)).id
  return { id: newId, lost: lost.slice(0, maxPaths), lostCount }
}

async function readTree(work: Rewriting, id: BlobId): Promise<TreeNode[] | undefined> {
  try {
    return decodeTree(await work.repository.readBlob('tree', id, work.signal))
  } catch (error) {
    work.signal.throwIfAborted()
    // A store that is away has lost nothing yet.
    if (!(error instanceof NightshiftError) || error.transient) throw error
    return undefined
  }
}
