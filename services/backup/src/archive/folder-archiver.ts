import { openSync, readSync, closeSync } from 'node:fs'
import type { BlobIndex } from '../repository/index/blob-index.ts'
import type { TreeNode } from '../snapshot/node.ts'
import type { FolderMaterial } from '../sources/source.ts'
import type { ParentTrees, ParentFolder } from './parent-trees.ts'
import type { RunTally } from './run-tally.ts'
import { sameNode } from './same-node.ts'
import type { TreeSaver } from './tree-saver.ts'
import type { AccountNames } from './walk/account-names.ts'
import { Excludes } from './walk/exclude.ts'
import { readFolder, type FolderEntry } from './walk/folder-entries.ts'
import { nodeOf } from './walk/node-of.ts'
import { isUnchanged } from './walk/unchanged.ts'
import type { ReaderPool } from './workers/reader-pool.ts'

/** What the folders of a run share. */
export interface RunParts {
  readonly index: BlobIndex
  readonly pool: ReaderPool
  readonly trees: TreeSaver
  readonly parents: ParentTrees
  readonly accounts: AccountNames
  readonly tally: RunTally
  readonly signal: AbortSignal
}

/** A node whose content may still be on its way; undefined when there is nothing to keep. In an object, so that awaiting it does not wait. */
export interface PendingNode {
  readonly node: Promise<TreeNode | undefined>
}

interface Place {
  readonly path: Buffer
  /** Names from the material's folder on. */
  readonly segments: readonly string[]
}

const cacheTag = 'CACHEDIR.TAG'
const cacheSignature = Buffer.from('Signature: 8a477f597d28d172789f06886806bc55')

/**
 * Walks one folder of a source, depth first. It goes on while the readers work on what it has found: a folder's tree is stored when the
 * last of its files is, and only folders with something under way are kept in memory.
 */
export class FolderArchiver {
  readonly #run: RunParts
  readonly #material: FolderMaterial
  readonly #excludes: Excludes
  readonly #device: bigint

  constructor(run: RunParts, material: FolderMaterial, device: bigint) {
    this.#run = run
    this.#material = material
    this.#excludes = new Excludes(material.exclude, material.path)
    this.#device = device
  }

  /** One thing of the disk. Resolves when all below it was looked at. */
  async take(entry: FolderEntry, segments: readonly string[], earlier: TreeNode | undefined): Promise<PendingNode> {
    this.#run.signal.throwIfAborted()
    if (entry.stat.isFile()) return await this.#takeFile(entry, earlier)
    if (entry.stat.isDirectory()) return await this.#takeFolder(entry, segments, earlier)
    return { node: Promise.resolve(this.#describe(entry)) }
  }

  /** What lies in the material's own folder, without the folder. */
  async takeInside(entry: FolderEntry, before: ParentFolder | undefined): Promise<Promise<TreeNode | undefined>[]> {
    return (await this.#takeChildren(entry, [], before)) ?? []
  }

  async #takeFile({ name, path, stat }: FolderEntry, earlier: TreeNode | undefined): Promise<PendingNode> {
    const { tally, pool, index } = this.#run
    const text = path.toString()
    const copy = this.#material.replace.get(text)
    const content = earlier?.content
    if (copy === undefined && earlier !== undefined && content !== undefined && isUnchanged(stat, earlier)) {
      // A blob that got lost is stored again, because its file is read again.
      if (content.every((id) => index.has('data', id))) {
        tally.spare(earlier.size)
        return { node: Promise.resolve(earlier) }
      }
    }
    const node = this.#describe({ name, path, stat })
    if (node === undefined) return { node: Promise.resolve(node) }
    await pool.room()
    tally.currentPath = text
    const policy = this.#material.chunkPolicyOf?.(text, node.size) ?? { kind: 'rabin' }
    const file =
      copy === undefined
        ? { path: path.toString('latin1'), sizeBytes: node.size, mtimeNs: stat.mtimeNs, policy }
        : { path: Buffer.from(copy).toString('latin1'), sizeBytes: Number.MAX_SAFE_INTEGER, mtimeNs: null, policy }
    return { node: handled(this.#awaitContent(node, text, earlier !== undefined, pool.read(file))) }
  }

  async #awaitContent(
    node: TreeNode,
    path: string,
    isKnown: boolean,
    reading: ReturnType<ReaderPool['read']>,
  ): Promise<TreeNode | undefined> {
    const { tally } = this.#run
    const { content, sizeBytes, hasChanged, failure } = await reading
    if (failure !== undefined) {
      tally.skipFor(path, failure)
      return undefined
    }
    if (hasChanged) tally.skip(path, 'changed while it was read: stored as it was found', 'stored')
    if (isKnown) tally.filesChanged += 1
    else tally.filesNew += 1
    tally.bytes += sizeBytes
    return { ...node, size: sizeBytes, content }
  }

  async #takeFolder(entry: FolderEntry, segments: readonly string[], earlier: TreeNode | undefined): Promise<PendingNode> {
    const { tally, trees, parents, index } = this.#run
    const node = this.#describe(entry)
    if (node === undefined) return { node: Promise.resolve(node) }
    const before = await parents.open(earlier?.subtree)
    const children = await this.#takeChildren(entry, segments, before)
    if (children === undefined) return { node: Promise.resolve(undefined) }
    await trees.room()
    const finish = async (): Promise<TreeNode> => {
      const nodes = (await Promise.all(children)).filter((child) => child !== undefined)
      const subtree =
        before !== undefined && before.holdsExactly(nodes) && index.has('tree', before.id) ? before.id : await trees.save(nodes)
      const done = { ...node, subtree }
      if (earlier === undefined) tally.foldersNew += 1
      else if (sameNode(done, earlier)) tally.foldersUnmodified += 1
      else tally.foldersChanged += 1
      return done
    }
    return { node: handled(finish()) }
  }

  /** Undefined when the folder cannot be listed. */
  async #takeChildren(
    { path, stat }: FolderEntry,
    segments: readonly string[],
    before: ParentFolder | undefined,
  ): Promise<Promise<TreeNode | undefined>[] | undefined> {
    const { tally } = this.#run
    // What is mounted here is not ours to read; the folder itself is, so that a restore makes the place for it.
    if (this.#material.oneFileSystem && stat.dev !== this.#device) return []
    let found
    try {
      found = await readFolder(path)
    } catch (error) {
      tally.skipFor(path.toString(), codeOf(error))
      return undefined
    }
    for (const unread of found.unread) tally.skipFor(unread.path.toString(), codeOf(unread.error))
    const isCache = this.#material.excludeCaches === true && holdsCacheTag(found.entries)
    const children: Promise<TreeNode | undefined>[] = []
    for (const entry of found.entries) {
      const name = entry.name.toString()
      const place: Place = { path: entry.path, segments: [...segments, name] }
      if ((isCache && name !== cacheTag) || this.#isExcluded(entry, place)) continue
      children.push((await this.take(entry, place.segments, before?.node(entry.name))).node)
    }
    return children
  }

  #isExcluded({ stat }: FolderEntry, { segments }: Place): boolean {
    const limit = this.#material.excludeLargerThanBytes
    if (limit !== undefined && stat.isFile() && stat.size > BigInt(limit)) return true
    return this.#excludes.has(segments, stat.isDirectory())
  }

  #describe({ name, path, stat }: FolderEntry): TreeNode | undefined {
    try {
      return nodeOf(name, path, stat, this.#run.accounts)
    } catch (error) {
      this.#run.tally.skipFor(path.toString(), codeOf(error))
      return undefined
    }
  }
}

/** The first failure of a run ends it; those of what was under way then are heard by nobody, which must not end the process. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

function holdsCacheTag(entries: readonly FolderEntry[]): boolean {
  const tag = entries.find(({ name, stat }) => stat.isFile() && name.toString() === cacheTag)
  if (tag === undefined) return false
  try {
    const file = openSync(tag.path, 'r')
    try {
      const start = Buffer.alloc(cacheSignature.length)
      return readSync(file, start) === start.length && start.equals(cacheSignature)
    } finally {
      closeSync(file)
    }
  } catch {
    return false
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}
