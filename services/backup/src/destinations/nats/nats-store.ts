import { DiscardPolicy, JetStreamApiError, StorageType } from '@nats-io/jetstream'
import { unlessBroken, type Live } from '@nightshift/shared/bus/live'
import { refusal } from '@nightshift/shared/bus/refusal'
import { systemClock, type Clock } from '@nightshift/shared/clock'
import type { NatsConfig } from '@nightshift/shared/config/base'
import { fileAt, nameOf } from '../layout.ts'
import { missingFile, otherBytes, storeError, wrongLength } from '../store-error.ts'
import type { FileType, ListedFile, ReadOptions, Store, StoreFile, StoreRoom } from '../store.ts'
import { bucketError } from './bucket-error.ts'
import { BucketLink } from './bucket-link.ts'
import { BrokenObject, downloadObject } from './object-download.ts'
import { subjectsOf, type BucketSubjects, type ObjectInfo, type StoredObject } from './object-info.ts'
import { getObject, listObjects, subjectsIn } from './object-listing.ts'
import { uploadObject } from './object-upload.ts'

export interface NatsStoreOptions {
  bucket: string
  /** Of the stream, when `create` makes it. */
  maxBytes: number
  replicas: number
  connection: NatsConfig
  /** Plain host name, for the name of the connection and of its inbox. */
  host: string
  clock?: Clock
}

/** A writer that loses a race looks at what the winner wrote; more often than this nobody loses. */
const writeAttempts = 3
const streamNotFound = 10_059

/** A repository in an object store of NATS: one object a file, which every client of object stores can read. */
export class NatsStore implements Store {
  readonly description: string
  readonly #options: NatsStoreOptions
  readonly #subjects: BucketSubjects
  readonly #link: BucketLink
  readonly #clock: Clock

  constructor(options: NatsStoreOptions) {
    this.#options = options
    this.#subjects = subjectsOf(options.bucket)
    this.#link = new BucketLink(options.connection, options.host)
    this.#clock = options.clock ?? systemClock
    this.description = `object store ${options.bucket}`
  }

  async create(signal?: AbortSignal): Promise<void> {
    await this.#ask(signal, async (live) => {
      try {
        await unlessBroken(live, live.jsm.streams.info(this.#subjects.stream))
      } catch (error) {
        if (!(error instanceof JetStreamApiError) || error.code !== streamNotFound) throw error
        await this.#makeBucket(live)
      }
    })
  }

  async *list(type: FileType, signal?: AbortSignal): AsyncIterable<ListedFile> {
    for (const info of await this.#ask(signal, async (live) => await listObjects(live, this.#subjects, signal))) {
      const file = fileAt(info.name)
      if (file?.type === type) yield { id: file.id, sizeBytes: info.size }
    }
  }

  async sizeOf(file: StoreFile, signal?: AbortSignal): Promise<number | undefined> {
    const name = nameOf(file)
    return await this.#ask(signal, async (live) => (await this.#find(live, name))?.info.size)
  }

  async read(file: StoreFile, options: ReadOptions = {}): Promise<Buffer> {
    const name = nameOf(file)
    const { offset: start = 0, lengthBytes, signal } = options
    return await this.#ask(signal, async (live) => {
      const object = await this.#find(live, name)
      if (object === undefined) throw missingFile(this.description, file)
      const { info } = object
      const end = lengthBytes === undefined ? info.size : start + lengthBytes
      if (end > info.size || start > end)
        throw wrongLength(this.description, file, Math.max(0, end - start), Math.max(0, info.size - start))
      try {
        return await downloadObject(live, this.#subjects, info, { start, end }, signal)
      } catch (error) {
        if (!(error instanceof BrokenObject)) throw error
        throw await this.#explain(live, file, info, error)
      }
    })
  }

  async write(file: StoreFile, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    const name = nameOf(file)
    await this.#ask(signal, async (live) => {
      for (let attempt = 0; attempt < writeAttempts; attempt++) {
        const present = await getObject(live, this.#subjects.stream, this.#subjects.info(name))
        if (present !== undefined && present.info.deleted !== true) return await this.#mustEqual(live, file, present, bytes, signal)
        const upload = {
          bucket: this.#options.bucket,
          name,
          bytes,
          previousRevision: present?.revision ?? 0,
          nowMs: this.#clock.now(),
          signal,
        }
        if (await uploadObject(live, this.#subjects, upload)) return
      }
      throw storeError('store_unreachable', `${this.description}: others keep writing and removing ${name}; trying again`)
    })
  }

  /** First the description, then the chunks: what is half removed is gone, and swept later. No mark is left, so that locks do not pile up. */
  async remove(file: StoreFile, signal?: AbortSignal): Promise<void> {
    const { stream, info, chunks } = this.#subjects
    const subject = info(nameOf(file))
    await this.#ask(signal, async (live) => {
      const object = await getObject(live, stream, subject)
      if (object === undefined) return
      await unlessBroken(live, live.jsm.streams.purge(stream, { filter: subject }))
      await unlessBroken(live, live.jsm.streams.purge(stream, { filter: chunks(object.info.nuid) }))
    })
  }

  async room(signal?: AbortSignal): Promise<StoreRoom> {
    const { config, state } = await this.#ask(
      signal,
      async (live) => await unlessBroken(live, live.jsm.streams.info(this.#subjects.stream)),
    )
    return { usedBytes: state.bytes, freeBytes: config.max_bytes > 0 ? Math.max(0, config.max_bytes - state.bytes) : null }
  }

  /** Chunks that no description names. The last of them tells the age of an upload, which may still be under way. */
  async sweep(olderThanMs: number, nowMs: number): Promise<number> {
    const { stream, allChunks, chunks } = this.#subjects
    return await this.#ask(undefined, async (live) => {
      const orphans = new Set(await subjectsIn(live, stream, allChunks))
      for (const info of await listObjects(live, this.#subjects, undefined)) orphans.delete(chunks(info.nuid))
      let swept = 0
      for (const subject of orphans) {
        const last = await unlessBroken(live, live.jsm.streams.getMessage(stream, { last_by_subj: subject }))
        if (last === null || nowMs - last.time.getTime() < olderThanMs) continue
        await unlessBroken(live, live.jsm.streams.purge(stream, { filter: subject }))
        swept++
      }
      return swept
    })
  }

  async close(): Promise<void> {
    await this.#link.close()
  }

  /** With the permissions that we write, only an admin may make streams. */
  async #makeBucket(live: Live): Promise<void> {
    try {
      await unlessBroken(live, live.jsm.streams.add(this.#bucketConfig()))
    } catch (error) {
      if (refusal(error).code !== 'permission_denied') throw error
      const message = `${this.description}: there is none, and this user may not make it; an admin can: nats object add ${this.#options.bucket}`
      throw storeError('store_not_found', message, error)
    }
  }

  async #find(live: Live, name: string): Promise<StoredObject | undefined> {
    const object = await getObject(live, this.#subjects.stream, this.#subjects.info(name))
    return object?.info.deleted === true ? undefined : object
  }

  /** The digest that was written with it says what it holds; without one its bytes do. */
  async #mustEqual(live: Live, file: StoreFile, present: StoredObject, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    const { info } = present
    if (info.size === bytes.length) {
      const found = await downloadObject(live, this.#subjects, info, { start: 0, end: info.size }, signal)
      if (found.equals(bytes)) return
    }
    throw otherBytes(this.description, file)
  }

  /** What reads as broken may have been removed meanwhile. */
  async #explain(live: Live, file: StoreFile, info: ObjectInfo, cause: BrokenObject): Promise<unknown> {
    const now = await this.#find(live, nameOf(file))
    if (now?.info.nuid !== info.nuid) return missingFile(this.description, file, cause)
    const message = `${this.description}: ${nameOf(file)} is damaged (${cause.message}); run nightshift backup check`
    return storeError('store_damaged', message, cause)
  }

  /** As every client makes an object store (ADR-20), so that they all can read it. */
  #bucketConfig() {
    const { maxBytes, replicas } = this.#options
    return {
      name: this.#subjects.stream,
      description: 'Backups by Nightshift, in the format of restic',
      subjects: [this.#subjects.allChunks, this.#subjects.allInfos],
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      allow_rollup_hdrs: true,
      allow_direct: true,
      max_bytes: maxBytes,
      num_replicas: replicas,
    }
  }

  async #ask<T>(signal: AbortSignal | undefined, work: (live: Live) => Promise<T>): Promise<T> {
    signal?.throwIfAborted()
    try {
      return await work(await this.#link.live())
    } catch (error) {
      throw bucketError(this.description, error, signal)
    }
  }
}
