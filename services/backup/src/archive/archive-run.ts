import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { EffectError } from '@nightshift/shared/errors'
import { blobIdOf } from '../repository/blob.ts'
import type { BlobWriter } from '../repository/blob-writer.ts'
import type { Repository } from '../repository/repository.ts'
import type { TreeNode } from '../snapshot/node.ts'
import { saveSnapshot, type Snapshot } from '../snapshot/snapshot.ts'
import { encodeTree } from '../snapshot/tree.ts'
import type { FolderMaterial, Material, StreamMaterial } from '../sources/source.ts'
import type { ArchiveOptions } from './archive.ts'
import { FolderArchiver, handled, type RunParts } from './folder-archiver.ts'
import { manifestPath } from './manifest-path.ts'
import { ParentTrees } from './parent-trees.ts'
import { RootTree, segmentsOf } from './root-tree.ts'
import type { RunTally } from './run-tally.ts'
import { TreeReader } from './tree-reader.ts'
import { TreeSaver } from './tree-saver.ts'
import { AccountNames } from './walk/account-names.ts'
import { extendedAttributesObstacle } from './walk/extended-attributes.ts'
import type { FolderEntry } from './walk/folder-entries.ts'
import { virtualFile } from './walk/node-of.ts'
import type { ReaderPool } from './workers/reader-pool.ts'

interface RunContext {
  readonly repository: Repository
  readonly material: Material
  readonly options: ArchiveOptions
  readonly tally: RunTally
  readonly writer: BlobWriter
  readonly pool: ReaderPool
}

/** One run from the first folder to the snapshot. */
export class ArchiveRun {
  readonly #context: RunContext
  readonly #parts: RunParts
  readonly #root = new RootTree()

  constructor(context: RunContext) {
    this.#context = context
    const { repository, options, tally, writer, pool } = context
    this.#parts = {
      index: repository.index,
      pool,
      trees: new TreeSaver(writer),
      parents: new ParentTrees(new TreeReader(repository), options.signal),
      accounts: new AccountNames(),
      tally,
      signal: options.signal,
    }
  }

  async run(): Promise<Snapshot> {
    const { repository, material, options, tally, writer, pool } = this.#context
    const startMs = options.clock.now()
    for (const folder of outermost(material.folders)) await this.#addFolder(folder)
    for (const stream of material.streams) await this.#addStream(stream)
    const facts = await material.finish()
    await this.#addManifest(JSON.stringify(options.manifest(facts), null, 2))
    pool.flush()
    const tree = await this.#root.save(this.#parts.trees, this.#parts.accounts, options.nowMs)
    await pool.finish()
    await writer.flush(options.signal)
    options.signal.throwIfAborted()
    return await saveSnapshot(
      repository,
      {
        timeMs: options.nowMs,
        tree,
        paths: material.paths,
        hostname: options.hostname,
        username: options.username,
        tags: options.tags,
        uid: process.getuid?.() ?? 0,
        gid: process.getgid?.() ?? 0,
        excludes: [...new Set(material.folders.flatMap(({ exclude }) => exclude))],
        ...(options.parent !== undefined && { parent: options.parent.id }),
        summary: {
          startMs,
          endMs: options.clock.now(),
          filesNew: tally.filesNew,
          filesChanged: tally.filesChanged,
          filesUnmodified: tally.filesUnmodified,
          dirsNew: tally.foldersNew,
          dirsChanged: tally.foldersChanged,
          dirsUnmodified: tally.foldersUnmodified,
          dataAddedPackedBytes: writer.addedBytes,
          filesProcessed: tally.items,
          bytesProcessed: tally.bytes,
        },
      },
      options.signal,
    )
  }

  async #addFolder(folder: FolderMaterial): Promise<void> {
    const segments = segmentsOf(folder.path)
    const entry = rootEntry(folder.path)
    const obstacle = extendedAttributesObstacle()
    if (obstacle !== undefined) this.#parts.tally.skip(folder.path, obstacle, 'stored')
    const archiver = new FolderArchiver(this.#parts, folder, entry.stat.dev)
    if (segments.length === 0) {
      const before = await this.#parts.parents.open(this.#context.options.parent?.tree)
      this.#root.addToRoot(await archiver.takeInside(entry, before))
    } else {
      const earlier = await this.#earlier(segments)
      const { node } = await archiver.take(entry, [], earlier)
      const isEmptyFine = this.#context.options.acceptEmpty === true || !holdsSomething(earlier)
      this.#root.add(folder.path, handled(requireNode(node, folder.path, isEmptyFine)))
    }
  }

  async #addStream(material: StreamMaterial): Promise<void> {
    const { options, tally, pool } = this.#context
    const { path, modifiedMs, policy } = material
    tally.currentPath = path
    const stream = await material.open(options.signal)
    try {
      const { content, sizeBytes } = await pool.readStream(stream, policy)
      this.#addVirtual(path, modifiedMs, content, sizeBytes)
      if ((await this.#earlier(segmentsOf(path))) === undefined) tally.filesNew += 1
      else tally.filesChanged += 1
      tally.bytes += sizeBytes
    } finally {
      stream.destroy()
    }
  }

  async #addManifest(text: string): Promise<void> {
    const bytes = Buffer.from(text)
    const { id } = await this.#context.writer.save('data', bytes)
    this.#addVirtual(manifestPath, this.#context.options.nowMs, [id], bytes.length)
  }

  #addVirtual(path: string, modifiedMs: number, content: readonly string[], sizeBytes: number): void {
    const node = { ...virtualFile(Buffer.from(basename(path)), modifiedMs), size: sizeBytes, content }
    this.#root.add(path, Promise.resolve(node))
  }

  /** What the parent snapshot has at a path. */
  async #earlier(segments: readonly string[]): Promise<TreeNode | undefined> {
    const { parents } = this.#parts
    let subtree = this.#context.options.parent?.tree
    let node: TreeNode | undefined
    for (const name of segments) {
      node = (await parents.open(subtree))?.node(Buffer.from(name))
      subtree = node?.subtree
    }
    return node
  }
}

/** A source that is a link means what it leads to. */
function rootEntry(path: string): FolderEntry {
  try {
    return { name: Buffer.from(basename(path)), path: Buffer.from(path), stat: statSync(path, { bigint: true }) }
  } catch (error) {
    throw new EffectError('source_missing', `${path} cannot be backed up; is it mounted, and may this user read it?`, { cause: error })
  }
}

/** Inside of a source single things may be skipped; a source that is not there at all must not become an empty snapshot. */
async function requireNode(node: Promise<TreeNode | undefined>, path: string, isEmptyFine: boolean): Promise<TreeNode> {
  const found = await node
  if (found === undefined) throw new EffectError('source_unreadable', `${path} cannot be read; may this user read it?`)
  if (isEmptyFine || found.type !== 'dir' || holdsSomething(found)) return found
  throw new EffectError(
    'source_empty',
    `${path} holds nothing that can be read, and did at the last backup: is its disk mounted? If all was removed on purpose, run the job once with --accept-smaller`,
    { severity: 'high' },
  )
}

const emptyTree = blobIdOf(encodeTree([]))

function holdsSomething(node: TreeNode | undefined): boolean {
  return node?.subtree !== undefined && node.subtree !== emptyTree
}

/** Without those that lie in another one. */
function outermost(folders: readonly FolderMaterial[]): FolderMaterial[] {
  return folders.filter(
    (folder) =>
      !folders.some((other) => {
        const [inner, outer] = [segmentsOf(folder.path), segmentsOf(other.path)]
        return other !== folder && outer.length < inner.length && outer.every((name, index) => name === inner[index])
      }),
  )
}
