import { maxIndexBlobs } from './index-file.ts'
import type { IndexedPack } from './index-file.ts'

/**
 * Packs that are stored and in no index file yet. They outlive a run that fails: the next run finds their blobs in the index in memory,
 * and must not end before an index file says where they are.
 */
export class IndexWriter {
  readonly #write: (packs: readonly IndexedPack[], signal?: AbortSignal) => Promise<void>
  #pending: IndexedPack[] = []
  #last: Promise<void> = Promise.resolve()

  constructor(write: (packs: readonly IndexedPack[], signal?: AbortSignal) => Promise<void>) {
    this.#write = write
  }

  get pending(): readonly IndexedPack[] {
    return this.#pending
  }

  get pendingBlobs(): number {
    return this.#pending.reduce((sum, pack) => sum + pack.blobs.length, 0)
  }

  add(pack: IndexedPack): void {
    this.#pending.push(pack)
  }

  /** Resolves when all packs that were added before the call are in durable index files. */
  async flush(signal?: AbortSignal): Promise<void> {
    const previous = this.#last
    const mine = previous.then(
      () => this.#writeAll(signal),
      () => this.#writeAll(signal),
    )
    this.#last = mine
    await mine
  }

  async #writeAll(signal: AbortSignal | undefined): Promise<void> {
    const all = this.#pending
    let done = 0
    while (done < all.length) {
      const part = takeUpTo(all.slice(done), maxIndexBlobs)
      await this.#write(part, signal)
      done += part.length
      // Packs may have been added meanwhile, at the end.
      this.#pending = this.#pending.slice(part.length)
    }
  }
}

/** The first packs with at most so many blobs together, and always one. */
function takeUpTo(packs: readonly IndexedPack[], maxBlobs: number): IndexedPack[] {
  let blobs = 0
  const end = packs.findIndex((pack, at) => (blobs += pack.blobs.length) > maxBlobs && at > 0)
  return end === -1 ? [...packs] : packs.slice(0, end)
}
