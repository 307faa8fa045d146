import { lstatSync, readdirSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { TreeReader } from '../../archive/tree-reader.ts'
import { segmentsOf } from '../../archive/root-tree.ts'
import type { BlobId } from '../../repository/blob.ts'
import type { Repository } from '../../repository/repository.ts'
import type { TreeNode } from '../../snapshot/node.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'

/** How live files differ from those of a snapshot. */
export interface FolderLosses {
  /** Other content (by size or time) than in the snapshot: today's is what would be lost. */
  changed: number
  /** Not in the snapshot: they would be gone. */
  added: number
  /** Only in the snapshot: they come back. */
  missing: number
  unchanged: number
  /** Paths of changed and added ones. */
  examples: string[]
  /** false: there was more than was looked at. */
  is_complete: boolean
}

const maxEntries = 200_000
const maxExamples = 10

/** Compares live paths with what a snapshot has under them. */
export async function folderLosses(
  repository: Repository,
  snapshot: Snapshot,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<FolderLosses> {
  const trees = new TreeReader(repository)
  const losses: FolderLosses = { changed: 0, added: 0, missing: 0, unchanged: 0, examples: [], is_complete: true }
  let looked = 0
  const note = (kind: 'changed' | 'added', path: string): void => {
    losses[kind]++
    if (losses.examples.length < maxExamples) losses.examples.push(path)
  }
  const compareFolder = async (path: string, tree: BlobId): Promise<void> => {
    const then = new Map((await trees.read(tree, signal)).map((node) => [node.name.toString(), node]))
    for (const name of namesIn(path)) if (!then.has(name) && !isOurs(name)) note('added', join(path, name))
    for (const [name, node] of then) await compare(join(path, name), node)
  }
  const compare = async (path: string, node: TreeNode): Promise<void> => {
    signal.throwIfAborted()
    if (++looked > maxEntries) {
      losses.is_complete = false
      return
    }
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (stat === undefined) losses.missing++
    else if (node.type === 'dir' && node.subtree !== undefined && stat.isDirectory()) await compareFolder(path, node.subtree)
    else if (isSame(node, stat)) losses.unchanged++
    else note('changed', path)
  }
  for (const path of paths) {
    const node = await nodeAt(trees, snapshot.tree, segmentsOf(path), signal)
    if (node !== undefined) await compare(path, node)
  }
  return losses
}

/** The names of a folder of a snapshot; empty when it has no such folder. */
export async function namesInSnapshot(repository: Repository, snapshot: Snapshot, path: string, signal: AbortSignal): Promise<string[]> {
  const trees = new TreeReader(repository)
  const node = await nodeAt(trees, snapshot.tree, segmentsOf(path), signal)
  if (node?.subtree === undefined) return []
  return (await trees.read(node.subtree, signal)).filter(({ type }) => type === 'dir').map(({ name }) => name.toString())
}

async function nodeAt(trees: TreeReader, root: BlobId, names: readonly string[], signal: AbortSignal): Promise<TreeNode | undefined> {
  let tree: BlobId | undefined = root
  let node: TreeNode | undefined
  for (const name of names) {
    if (tree === undefined) return undefined
    node = (await trees.read(tree, signal)).find((each) => each.name.toString() === name)
    tree = node?.subtree
  }
  return node
}

function isSame(node: TreeNode, stat: Stats): boolean {
  if (node.type === 'file') return stat.isFile() && stat.size === node.size && Math.abs(stat.mtimeMs - Number(node.mtimeNs) / 1e6) < 1
  if (node.type === 'symlink') return stat.isSymbolicLink()
  return node.type === 'dir' ? stat.isDirectory() : !stat.isFile() && !stat.isDirectory()
}

function isOurs(name: string): boolean {
  return name.startsWith('.nightshift-restore-') || name.startsWith('.bak.')
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
