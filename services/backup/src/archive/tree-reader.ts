import { ContractError } from '@nightshift/shared/errors'
import { blobIdOf, type BlobId } from '../repository/blob.ts'
import { openBlob } from '../repository/pack/open-blob.ts'
import type { Repository } from '../repository/repository.ts'
import { Seal } from '../repository/seal.ts'
import type { TreeNode } from '../snapshot/node.ts'
import { decodeTree } from '../snapshot/tree.ts'

const cacheBytes = 40 * 1024 ** 2

/**
 * Reads the trees of a snapshot one after the other. Trees lie together in packs of their own, in the order of the walk that made them: a
 * pack is fetched once and kept while its neighbours are asked for, instead of one round trip for each folder.
 */
export class TreeReader {
  readonly #repository: Repository
  readonly #seal: Seal
  /** The one that was used last is last. */
  readonly #packs = new Map<string, Buffer>()
  #keptBytes = 0

  constructor(repository: Repository) {
    this.#repository = repository
    this.#seal = new Seal(repository.keys)
  }

  async read(id: BlobId, signal?: AbortSignal): Promise<TreeNode[]> {
    return decodeTree((await this.#readKept(id, signal)) ?? (await this.#repository.readBlob('tree', id, signal)))
  }

  /** Undefined where the way of the repository itself has to be taken: it knows old formats, and names what is damaged. */
  async #readKept(id: BlobId, signal: AbortSignal | undefined): Promise<Buffer | undefined> {
    const place = this.#repository.index.find('tree', id)
    // Packs of the first format hold files and trees mixed.
    if (place === undefined || this.#repository.version === 1) return undefined
    try {
      const pack = await this.#pack(place.packId, signal)
      const plain = openBlob(this.#seal, pack.subarray(place.offset, place.offset + place.lengthBytes), place.plainBytes)
      if (blobIdOf(plain) !== id) throw new ContractError('tree_damaged', `the tree ${id} is not what its name says`)
      return plain
    } catch {
      signal?.throwIfAborted()
      // What is wrong the repository's own reading says, with the names of pack and blob.
      return undefined
    }
  }

  async #pack(id: string, signal: AbortSignal | undefined): Promise<Buffer> {
    const kept = this.#packs.get(id)
    if (kept !== undefined) {
      this.#packs.delete(id)
      this.#packs.set(id, kept)
      return kept
    }
    const pack = await this.#repository.store.read({ type: 'data', id }, signal === undefined ? {} : { signal })
    this.#packs.set(id, pack)
    this.#keptBytes += pack.length
    for (const [oldest, bytes] of this.#packs) {
      if (this.#keptBytes <= cacheBytes || oldest === id) break
      this.#packs.delete(oldest)
      this.#keptBytes -= bytes.length
    }
    return pack
  }
}
