import { closeSync, constants, openSync } from 'node:fs'
import { ContractError, describeError, NightshiftError } from '@nightshift/shared/errors'
import { TreeReader } from '../../archive/tree-reader.ts'
import { joinPath } from '../../archive/walk/folder-entries.ts'
import type { BlobId } from '../../repository/blob.ts'
import type { Repository } from '../../repository/repository.ts'
import type { TreeNode } from '../../snapshot/node.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import { FileWindow } from './file-window.ts'
import { IncludedPaths } from './included-paths.ts'
import type { Landing } from './landing.ts'
import { describeOpenFile, describePath } from './metadata.ts'
import type { RestoreOptions, RestoreResult } from './restore-tree.ts'
import type { Metadata } from './workers/write-request.ts'
import type { WriterPool } from './workers/writer-pool.ts'

interface RestoreContext {
  readonly repository: Repository
  readonly snapshot: Snapshot
  readonly options: RestoreOptions
  readonly landing: Landing
  readonly pool: WriterPool
  readonly workers: number
}

const maxProblems = 1000
const newFile = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
const ownerOnly = 0o600

/** One restore: folders first, then the contents of files in windows, then links and special files, then the looks of folders. */
export class RestoreRun {
  currentPath = ''
  items = 0
  readonly #context: RestoreContext
  readonly #trees: TreeReader
  readonly #included: IncludedPaths
  #window: FileWindow
  readonly #folders: { readonly path: Buffer; readonly metadata: Metadata }[] = []
  /** Links last, so that nothing can be written through one. */
  readonly #specials: { readonly path: Buffer; readonly node: TreeNode }[] = []
  readonly #links: { readonly first: Buffer; readonly path: Buffer }[] = []
  /** Where a file with several names was put first. */
  readonly #firstNames = new Map<string, Buffer>()
  readonly #problems: { path: string; reason: string }[] = []
  #problemCount = 0
  #lost = 0
  #files = 0
  #bytes = 0
  #verified = 0
  #kept = 0

  constructor(context: RestoreContext) {
    this.#context = context
    this.#trees = new TreeReader(context.repository)
    this.#included = new IncludedPaths(context.options.include)
    this.#window = this.#newWindow()
  }

  async run(): Promise<RestoreResult> {
    const { snapshot, landing } = this.#context
    await this.#restoreFolder(snapshot.tree, landing.root, [])
    await this.#finishWindow()
    this.#included.refuseMissing(snapshot.id)
    for (const { first, path } of this.#links) this.#tell(path, landing.link(first, path))
    for (const { path, node } of this.#specials) this.#tell(path, await landing.special(path, node))
    // From the deepest up: what is made in a folder changes its time.
    for (const { path, metadata } of this.#folders.toReversed()) this.#tell(path, describePath(path, metadata))
    return {
      files: this.#files,
      folders: this.#folders.length,
      bytes: this.#bytes,
      verifiedFiles: this.#verified,
      lostFiles: this.#lost,
      kept: this.#kept,
      problems: this.#problems,
      problemCount: this.#problemCount,
    }
  }

  async #restoreFolder(tree: BlobId, path: Buffer, names: readonly string[]): Promise<void> {
    this.#context.options.signal.throwIfAborted()
    const nodes = await this.#readTree(tree, path)
    const seen = new Set<string>()
    for (const node of nodes) {
      const key = node.name.toString('latin1')
      refuseHostile(node, key, seen)
      const below = [...names, node.name.toString()]
      if (this.#included.covers(below) === undefined) continue
      const childPath = joinPath(path, node.name)
      if (node.type === 'dir') await this.#takeFolder(node, childPath, below)
      else if (this.#included.covers(below) === 'whole') await this.#takeOther(node, path, childPath)
    }
  }

  async #takeFolder(node: TreeNode, path: Buffer, names: readonly string[]): Promise<void> {
    const problem = this.#context.landing.folder(path)
    if (problem !== undefined || node.subtree === undefined) return this.#tell(path, problem ?? 'the snapshot does not say what is in it')
    this.#folders.push({ path, metadata: this.#context.landing.metadataOf(node) })
    await this.#restoreFolder(node.subtree, path, names)
  }

  async #takeOther(node: TreeNode, folder: Buffer, path: Buffer): Promise<void> {
    const obstacle = this.#context.landing.clear(folder, path)
    if (obstacle === 'kept') this.#kept += 1
    else if (obstacle !== undefined) this.#tell(path, obstacle.reason)
    else if (node.type === 'file') await this.#takeFile(node, path)
    else this.#specials.push({ path, node })
  }

  async #takeFile(node: TreeNode, path: Buffer): Promise<void> {
    this.currentPath = path.toString()
    this.items += 1
    if (node.links > 1 && node.inode !== 0n) {
      const key = `${node.deviceId} ${node.inode}`
      const first = this.#firstNames.get(key)
      if (first !== undefined) {
        this.#files += 1
        this.#links.push({ first, path })
        return
      }
      this.#firstNames.set(key, path)
    }
    if (node.content === undefined || node.content.length === 0) {
      this.#tell(path, makeEmpty(path, this.#context.landing.metadataOf(node)))
      this.#files += 1
      return
    }
    this.#bytes += this.#window.add(path, node)
    if (this.#window.isFull) await this.#finishWindow()
  }

  async #finishWindow(): Promise<void> {
    const { pool, workers, options } = this.#context
    const { whole, verified } = await this.#window.restore(pool, workers, options.verify ?? false, options.signal)
    this.#files += whole
    this.#verified += verified
    this.#window = this.#newWindow()
  }

  #newWindow(): FileWindow {
    const { repository, landing } = this.#context
    return new FileWindow(repository, landing, (path, reason) => this.#tellLost(path, reason))
  }

  /** A tree that is lost costs what is in the folder, not the rest of the restore. */
  async #readTree(tree: BlobId, path: Buffer): Promise<readonly TreeNode[]> {
    try {
      return await this.#trees.read(tree, this.#context.options.signal)
    } catch (error) {
      this.#context.options.signal.throwIfAborted()
      if (!(error instanceof NightshiftError) || error.transient || path === this.#context.landing.root) throw error
      this.#tellLost(path, `what was in it is lost: ${describeError(error, 0)}`)
      return []
    }
  }

  #tellLost(path: Buffer, reason: string): void {
    this.#lost += 1
    this.#tell(path, reason)
  }

  #tell(path: Buffer, reason: string | undefined): void {
    if (reason === undefined) return
    this.#problemCount += 1
    if (this.#problems.length < maxProblems) this.#problems.push({ path: path.toString(), reason })
  }
}

/** A repository that was tampered with by somebody who has its key must not write outside of the folder: names are checked here again. */
function refuseHostile({ name }: TreeNode, key: string, seen: Set<string>): void {
  if (key === '' || key === '.' || key === '..' || name.includes('/') || name.includes(0)) {
    throw new ContractError('tree_hostile', `the snapshot has ${JSON.stringify(key)} as a name; nothing of it is restored`)
  }
  if (seen.has(key)) throw new ContractError('tree_hostile', `the snapshot has the name ${JSON.stringify(key)} twice in one folder`)
  seen.add(key)
}

function makeEmpty(path: Buffer, metadata: Metadata): string | undefined {
  try {
    const descriptor = openSync(path, newFile, ownerOnly)
    try {
      return describeOpenFile(descriptor, path, metadata)
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    return describeError(error)
  }
}
