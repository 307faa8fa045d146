import { ContractError, isTransient, NightshiftError } from '@nightshift/shared/errors'
import type { BlobId } from '../../repository/blob.ts'
import type { BlobPlace } from '../../repository/index/blob-index.ts'
import type { Repository } from '../../repository/repository.ts'
import type { TreeNode } from '../../snapshot/node.ts'
import type { Landing } from './landing.ts'
import { planRanges, type NeededBlob, type PackRange } from './pack-ranges.ts'
import { WindowState } from './workers/window-state.ts'
import { encodeBlobOrder } from './workers/blob-order.ts'
import type { FileTarget, FileToVerify } from './workers/write-request.ts'
import type { WriterPool } from './workers/writer-pool.ts'

const maxFiles = 10_000
const maxBlobs = 50_000
const lanesPerWriter = 2
const verifyBatchFiles = 64
/** What is stored uncompressed is larger by that. */
const sealBytes = 32

interface WindowFile {
  readonly path: Buffer
  readonly node: TreeNode
  readonly ids: readonly BlobId[]
  readonly target: FileTarget
}

/** A part of the snapshot's files that is restored at once: packs are read in order, and memory does not grow with the snapshot. */
export class FileWindow {
  readonly #repository: Repository
  readonly #landing: Landing
  readonly #onProblem: (path: Buffer, reason: string) => void
  readonly #files: WindowFile[] = []
  readonly #needed = new Map<BlobId, NeededBlob>()
  readonly #broken = new Set<number>()
  #places = 0

  constructor(repository: Repository, landing: Landing, onProblem: (path: Buffer, reason: string) => void) {
    this.#repository = repository
    this.#landing = landing
    this.#onProblem = onProblem
  }

  get isFull(): boolean {
    return this.#files.length >= maxFiles || this.#places >= maxBlobs
  }

  /** Gives how long the file is. */
  add(path: Buffer, node: TreeNode): number {
    const ids = node.content ?? []
    const index = this.#files.length
    let missing: BlobId | undefined
    let offset = 0
    for (const id of ids) {
      const needed = this.#need(id)
      if (needed === undefined) missing ??= id
      else {
        needed.places.push({ file: index, offset })
        this.#places += 1
        offset += plainSize(needed.place)
      }
    }
    const target = { index, path: path.toString('latin1'), sizeBytes: offset, blobs: ids.length, metadata: this.#landing.metadataOf(node) }
    this.#files.push({ path, node, ids, target })
    if (missing !== undefined) this.#fail(index, `incomplete: the blob ${missing} is in no index of the repository`)
    return offset
  }

  #need(id: BlobId): NeededBlob | undefined {
    const known = this.#needed.get(id)
    if (known !== undefined) return known
    const place = this.#repository.index.find('data', id)
    if (place === undefined) return undefined
    const needed = { id, place, places: [] }
    this.#needed.set(id, needed)
    return needed
  }

  /** Writes all files; gives how many are whole. */
  async restore(pool: WriterPool, writers: number, verify: boolean, signal: AbortSignal): Promise<{ whole: number; verified: number }> {
    pool.beginWindow(WindowState.for(this.#files.map(({ ids }) => ids.length)))
    const ranges = planRanges([...this.#needed.values()], this.#repository.index.packs())
    // Each lane fetches while another one's bytes are written.
    await Promise.all(Array.from({ length: writers * lanesPerWriter }, async () => await this.#writeRanges(ranges, pool, signal)))
    const whole = this.#files.filter(({ target }) => !this.#broken.has(target.index))
    if (verify) await this.#verify(whole, pool, writers, signal)
    return { whole: this.#files.length - this.#broken.size, verified: verify ? this.#files.length - this.#broken.size : 0 }
  }

  async #writeRanges(ranges: Iterator<PackRange>, pool: WriterPool, signal: AbortSignal): Promise<void> {
    for (let next = ranges.next(); next.done !== true; next = ranges.next()) {
      signal.throwIfAborted()
      const range = next.value
      const bytes = await this.#fetch(range, signal)
      if (bytes === undefined) continue
      const order = encodeBlobOrder(bytes, range.offset, range.blobs, (file) => this.#targetOf(file))
      for (const { file, reason } of await pool.write(order)) this.#fail(file, reason)
    }
  }

  /** Undefined when the pack is lost: the files that need it are named. A destination that is only away ends the restore. */
  async #fetch({ packId, offset, lengthBytes, blobs }: PackRange, signal: AbortSignal): Promise<Buffer | undefined> {
    try {
      return await this.#repository.store.read({ type: 'data', id: packId }, { offset, lengthBytes, signal })
    } catch (error) {
      signal.throwIfAborted()
      if (isTransient(error) || !(error instanceof NightshiftError)) throw error
      if (error.code !== 'store_missing_file' && error.code !== 'store_damaged') throw error
      for (const { file } of blobs.flatMap(({ places }) => places)) this.#fail(file, `incomplete: the pack ${packId} is lost or damaged`)
      return undefined
    }
  }

  async #verify(files: readonly WindowFile[], pool: WriterPool, writers: number, signal: AbortSignal): Promise<void> {
    let next = 0
    const lane = async (): Promise<void> => {
      while (next < files.length) {
        signal.throwIfAborted()
        const batch = files.slice(next, next + verifyBatchFiles)
        next += verifyBatchFiles
        for (const { file, reason } of await pool.write({ kind: 'verify', files: batch.map((file) => this.#toVerify(file)) })) {
          this.#fail(file, reason)
        }
      }
    }
    await Promise.all(Array.from({ length: writers * lanesPerWriter }, lane))
  }

  #targetOf(index: number): FileTarget {
    const file = this.#files[index]
    if (file === undefined) throw new ContractError('restore_window', `there is no file ${index} in this part of the restore`)
    return file.target
  }

  #toVerify({ ids, target }: WindowFile): FileToVerify {
    const sizesBytes = ids.map((id) => {
      const place = this.#repository.index.find('data', id)
      return place === undefined ? 0 : plainSize(place)
    })
    return { index: target.index, path: target.path, ids, sizesBytes }
  }

  #fail(index: number, reason: string): void {
    const file = this.#files[index]
    if (file === undefined || this.#broken.has(index)) return
    this.#broken.add(index)
    this.#onProblem(file.path, reason)
  }
}

export function plainSize({ plainBytes, lengthBytes }: BlobPlace): number {
  return plainBytes ?? lengthBytes - sealBytes
}
