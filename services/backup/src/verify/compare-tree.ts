import { hash } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, open, readlink } from 'node:fs/promises'
import { describeError } from '@nightshift/shared/errors'
import { manifestPath } from '../archive/manifest-path.ts'
import { segmentsOf } from '../archive/root-tree.ts'
import { joinPath } from '../archive/walk/folder-entries.ts'
import type { BlobId } from '../repository/blob.ts'
import type { Repository } from '../repository/repository.ts'
import { plainSize } from '../restore/tree/file-window.ts'
import type { TreeNode } from '../snapshot/node.ts'
import { decodeTree } from '../snapshot/tree.ts'

interface Difference {
  readonly path: string
  readonly what: string
}

export interface Compared {
  /** Files, folders and links that were compared. */
  readonly items: number
  readonly files: number
  readonly bytes: number
  /** The first hundred. */
  readonly differences: readonly Difference[]
  readonly differenceCount: number
  /** SQLite databases among the files, by their path in the snapshot; the first thousand. */
  readonly databases: readonly string[]
}

interface CompareOptions {
  readonly signal: AbortSignal
  /** Owners too: for who may set them. */
  readonly owners?: boolean
  readonly onProgress?: (compared: { items: number; bytes: number; path: string }) => void
}

const maxDifferences = 100
const maxDatabases = 1000
const [ownFolder] = segmentsOf(manifestPath)
const databaseHead = Buffer.from('SQLite format 3\0', 'latin1')
/** What Node can set of a time, and a little. */
const timeSlackNs = 2000n

/**
 * Compares a folder with the tree of a snapshot that was restored into it: that each thing is there, its kind, mode and time, and every byte
 * of every file by the hashes of the snapshot. Devices and sockets are no data and are left out.
 */
export async function compareTree(repository: Repository, root: BlobId, folder: string, options: CompareOptions): Promise<Compared> {
  const comparison = new Comparison(repository, options)
  await comparison.folder(root, Buffer.from(folder), '')
  return comparison.result
}

class Comparison {
  readonly #repository: Repository
  readonly #options: CompareOptions
  readonly #differences: Difference[] = []
  readonly #databases: string[] = []
  #differenceCount = 0
  #items = 0
  #files = 0
  #bytes = 0

  constructor(repository: Repository, options: CompareOptions) {
    this.#repository = repository
    this.#options = options
  }

  get result(): Compared {
    return {
      items: this.#items,
      files: this.#files,
      bytes: this.#bytes,
      differences: this.#differences,
      differenceCount: this.#differenceCount,
      databases: this.#databases,
    }
  }

  async folder(tree: BlobId, folder: Buffer, path: string): Promise<void> {
    const { signal, onProgress } = this.#options
    for (const node of decodeTree(await this.#repository.readBlob('tree', tree, signal))) {
      signal.throwIfAborted()
      const name = node.name.toString()
      if (path === '' && name === ownFolder) continue
      if (node.type === 'dev' || node.type === 'chardev' || node.type === 'socket' || node.type === 'irregular') continue
      const below = `${path}/${name}`
      const place = joinPath(folder, node.name)
      this.#items += 1
      try {
        const what = await this.#differenceOf(node, place, below)
        if (what !== undefined) this.#tell(below, what)
      } catch (error) {
        signal.throwIfAborted()
        this.#tell(below, (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : describeError(error))
      }
      onProgress?.({ items: this.#items, bytes: this.#bytes, path: below })
      if (node.subtree !== undefined) await this.folder(node.subtree, place, below)
    }
  }

  async #differenceOf(node: TreeNode, place: Buffer, path: string): Promise<string | undefined> {
    const stat = await lstat(place, { bigint: true })
    const kind = stat.isDirectory() ? 'dir' : stat.isSymbolicLink() ? 'symlink' : stat.isFile() ? 'file' : stat.isFIFO() ? 'fifo' : 'other'
    if (kind !== node.type) return `is a ${kind} and was a ${node.type}`
    if (kind === 'symlink') {
      const target = await readlink(place, { encoding: 'buffer' })
      return node.linkTarget?.equals(target) === true ? undefined : 'leads elsewhere'
    }
    if (kind === 'file') {
      this.#files += 1
      const what = await this.#contentDifference(node, place, path)
      if (what !== undefined) return what
    }
    const mode = Number(stat.mode & 0o7777n)
    if (mode !== node.mode) return `has the mode ${mode.toString(8)} and had ${node.mode.toString(8)}`
    const offNs = stat.mtimeNs - node.mtimeNs
    if (offNs > timeSlackNs || offNs < -timeSlackNs) return 'has another time'
    const isOwned = this.#options.owners !== true || (Number(stat.uid) === node.uid && Number(stat.gid) === node.gid)
    return isOwned ? undefined : `belongs to ${stat.uid}:${stat.gid} and belonged to ${node.uid}:${node.gid}`
  }

  async #contentDifference(node: TreeNode, place: Buffer, path: string): Promise<string | undefined> {
    const file = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW)
    try {
      let offset = 0
      for (const id of node.content ?? []) {
        this.#options.signal.throwIfAborted()
        const known = this.#repository.index.find('data', id)
        if (known === undefined) return `cannot be compared: the index does not know its piece at ${offset}`
        const bytes = Buffer.allocUnsafe(plainSize(known))
        const { bytesRead } = await file.read(bytes, 0, bytes.length, offset)
        if (bytesRead < bytes.length) return `ends at ${offset + bytesRead}, too early`
        if (hash('sha256', bytes, 'hex') !== id) return `has other content from ${offset} to ${offset + bytes.length}`
        if (offset === 0 && bytes.subarray(0, databaseHead.length).equals(databaseHead)) this.#noteDatabase(path)
        offset += bytes.length
        this.#bytes += bytes.length
      }
      const { size } = await file.stat()
      return size === offset ? undefined : `has ${size} bytes and had ${offset}`
    } finally {
      await file.close()
    }
  }

  #noteDatabase(path: string): void {
    if (this.#databases.length < maxDatabases) this.#databases.push(path)
  }

  #tell(path: string, what: string): void {
    this.#differenceCount += 1
    if (this.#differences.length < maxDifferences) this.#differences.push({ path, what })
  }
}
