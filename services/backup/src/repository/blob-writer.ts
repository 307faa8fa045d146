import { ConfigError } from '@nightshift/shared/errors'
import { systemClock } from '@nightshift/shared/clock'
import type { Clock } from '@nightshift/shared/clock'
import { blobIdOf } from './blob.ts'
import type { BlobId, BlobType } from './blob.ts'
import { maxIndexBlobs } from './index/index-file.ts'
import type { SharedIndex } from './index/shared-index.ts'
import { PackBuilder } from './pack/pack-builder.ts'
import type { FinishedPack, PackOptions, PackedBlob } from './pack/pack-builder.ts'
import type { Repository } from './repository.ts'

export interface BlobWriterOptions extends PackOptions {
  /** An index file is written after so many blobs; a run that is cut off after it does not store them again. */
  checkpointBlobs?: number
  /** And after so long. */
  checkpointMs?: number
  /** Packs on their way at the same time; more have to wait. */
  uploads?: number
  clock?: Clock
  signal?: AbortSignal
}

export interface SavedBlob {
  readonly id: BlobId
  readonly isNew: boolean
  /** What it takes in its pack; 0 when it was there. */
  readonly addedBytes: number
}

/** Stores blobs of one run: into packs, the packs into the store, and then what lies where into index files. */
export class BlobWriter {
  readonly #repository: Repository
  readonly #options: Required<Pick<BlobWriterOptions, 'checkpointBlobs' | 'checkpointMs' | 'uploads' | 'clock'>>
  readonly #signal: AbortSignal | undefined
  readonly #builders: Readonly<Record<BlobType, PackBuilder>>
  readonly #claims: SharedIndex
  readonly #uploads = new Set<Promise<void>>()
  /** Includes those that are about to be sent. */
  #onTheWay = 0
  readonly #waiting: (() => void)[] = []
  #failure: { error: unknown } | undefined
  #addedBytes = 0
  #checkpointAt: number

  constructor(repository: Repository, options: BlobWriterOptions = {}) {
    if (repository.version === 1)
      throw new ConfigError(
        'repository_too_old',
        `${repository.store.description} has format version 1, which we only read: \`restic migrate upgrade_repo_v2\` makes it version 2`,
      )
    const { checkpointBlobs = maxIndexBlobs, checkpointMs = 600_000, uploads = 2, clock = systemClock, signal, ...pack } = options
    this.#repository = repository
    this.#options = { checkpointBlobs, checkpointMs, uploads, clock }
    this.#signal = signal
    this.#builders = { data: new PackBuilder(repository.keys, 'data', pack), tree: new PackBuilder(repository.keys, 'tree', pack) }
    this.#claims = repository.index.claims()
    this.#checkpointAt = clock.monotonicMs() + checkpointMs
  }

  /** Bytes of packs that are stored. */
  get addedBytes(): number {
    return this.#addedBytes
  }

  /** Waits only when too many packs are on their way. The blob counts after `flush`. With `force` it is stored even if it is there. */
  async save(type: BlobType, plain: Uint8Array, options: { force?: boolean } = {}): Promise<SavedBlob> {
    this.#refuseAfterFailure()
    const id = blobIdOf(plain)
    const isNew = this.#claims.claim(type, id) || options.force === true
    if (!isNew) return { id, isNew, addedBytes: 0 }
    const builder = this.#builders[type]
    const addedBytes = builder.add(id, plain)
    if (builder.isFull) await this.#send(builder.finish())
    return { id, isNew, addedBytes }
  }

  /** A pack that a worker thread made; resolves when it is durable. */
  async addPack(packId: string, bytes: Uint8Array, blobs: readonly PackedBlob[]): Promise<void> {
    await this.#takeRoom()
    await this.#track(this.#store(packId, bytes, blobs))
  }

  /** Resolves when all that was saved is durable, and index files say where it is. */
  async flush(signal: AbortSignal | undefined = this.#signal): Promise<void> {
    this.#refuseAfterFailure()
    for (const builder of Object.values(this.#builders)) if (!builder.isEmpty) await this.#send(builder.finish())
    while (this.#uploads.size > 0) await Promise.allSettled(this.#uploads)
    this.#refuseAfterFailure()
    await this.#repository.indexWriter.flush(signal)
  }

  async #send({ packId, bytes, blobs }: FinishedPack): Promise<void> {
    await this.#takeRoom()
    // A failure is kept, and told by whatever is called next.
    this.#track(this.#store(packId, bytes, blobs)).catch(() => undefined)
  }

  async #track(upload: Promise<void>): Promise<void> {
    this.#uploads.add(upload)
    try {
      await upload
    } catch (error) {
      this.#failure ??= { error }
      throw error
    } finally {
      this.#uploads.delete(upload)
      this.#leaveRoom()
    }
  }

  /** Of all that wait, the first takes the room, and the others wait on. */
  async #takeRoom(): Promise<void> {
    this.#refuseAfterFailure()
    while (this.#onTheWay >= this.#options.uploads) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
      this.#refuseAfterFailure()
    }
    this.#onTheWay++
  }

  #leaveRoom(): void {
    this.#onTheWay--
    for (const wake of this.#waiting.splice(0)) wake()
  }

  async #store(packId: string, bytes: Uint8Array, blobs: readonly PackedBlob[]): Promise<void> {
    const { store, index, indexWriter } = this.#repository
    await store.write({ type: 'data', id: packId }, bytes, this.#signal)
    this.#addedBytes += bytes.length
    index.add(packId, blobs)
    indexWriter.add({ packId, blobs })
    const now = this.#options.clock.monotonicMs()
    if (indexWriter.pendingBlobs < this.#options.checkpointBlobs && now < this.#checkpointAt) return
    this.#checkpointAt = now + this.#options.checkpointMs
    await indexWriter.flush(this.#signal)
  }

  #refuseAfterFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
