import type { BlobId, BlobType } from '../blob.ts'
import { BlobTable, packWord, treeBit } from './blob-table.ts'
import type { TableMemory } from './blob-table.ts'

/** What a worker thread needs to open the index; made by `BlobIndex.share()` and posted as it is. */
export interface SharedIndexHandle {
  readonly memory: TableMemory
  readonly session: number
}

/** The index as worker threads see it: which blobs are there, and who stores the new ones. */
export class SharedIndex {
  readonly #table: BlobTable
  readonly #session: number

  constructor(handle: SharedIndexHandle) {
    this.#table = new BlobTable(handle.memory)
    this.#session = handle.session
  }

  /** True: the blob is not in the repository and nobody else of this run stores it, so you do. */
  claim(type: BlobType, id: BlobId): boolean {
    return this.#table.claim(type, id, this.#session)
  }

  /** True when the blob lies in a pack that was stored. */
  has(type: BlobType, id: BlobId): boolean {
    const entry = this.#table.find(type, id)
    return entry !== -1 && (this.#table.word(entry, packWord) & ~treeBit) !== 0
  }
}
