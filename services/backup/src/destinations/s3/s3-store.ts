import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3'
import { systemClock, type Clock } from '@nightshift/shared/clock'
import { fileTypes, folderName, idIn, nameOf } from '../layout.ts'
import { missingFile, otherBytes, storeError, wrongLength } from '../store-error.ts'
import type { FileType, ListedFile, ReadOptions, Store, StoreFile, StoreRoom } from '../store.ts'
import { readBody } from './s3-body.ts'
import { isAbsent, isTaken, isUnsupported, s3Error } from './s3-error.ts'
import { clientOptions, type S3Config } from './s3-options.ts'
import { putObject } from './s3-put.ts'

/** A line slower than this counts as broken: the longest that a request may take in all. */
const slowestBytesPerSecond = 4096
/** Of a pack, by the format. */
const maxFileBytes = 4 * 1024 ** 3

export interface S3StoreOptions {
  /** Entries of one page of a listing; the default is the server's, 1000. */
  pageSize?: number
  clock?: Clock
}

/** A repository in a bucket, laid out as restic does it. The bucket must exist. */
export class S3Store implements Store {
  readonly description: string
  readonly #config: S3Config
  readonly #client: S3Client
  readonly #prefix: string
  readonly #pageSize: number | undefined
  readonly #clock: Clock
  /** Until the server says that it cannot. */
  #isConditional = true

  constructor(config: S3Config, options: S3StoreOptions = {}) {
    this.#config = config
    this.#client = new S3Client(clientOptions(config))
    this.#prefix = config.prefix === undefined ? '' : `${config.prefix}/`
    this.#pageSize = options.pageSize
    this.#clock = options.clock ?? systemClock
    this.description = `s3://${config.bucket}${config.prefix === undefined ? '' : `/${config.prefix}`}`
  }

  async create(signal?: AbortSignal): Promise<void> {
    await this.#ask(0, signal, async (bound) => {
      try {
        await this.#client.send(new HeadBucketCommand({ Bucket: this.#config.bucket }), { abortSignal: bound })
      } catch (error) {
        throw isAbsent(error) ? this.#noBucket(error) : error
      }
    })
  }

  async *list(type: FileType, signal?: AbortSignal): AsyncIterable<ListedFile> {
    if (type === 'config') {
      const sizeBytes = await this.sizeOf({ type, id: '' }, signal)
      if (sizeBytes !== undefined) yield { id: '', sizeBytes }
      return
    }
    let token: string | undefined
    do {
      const from = token
      const page = await this.#ask(0, signal, async (bound) => {
        const command = new ListObjectsV2Command({
          Bucket: this.#config.bucket,
          Prefix: `${this.#prefix}${folderName(type)}/`,
          ContinuationToken: from,
          MaxKeys: this.#pageSize,
        })
        return await this.#client.send(command, { abortSignal: bound })
      })
      for (const { Key: key = '', Size: sizeBytes = 0 } of page.Contents ?? []) {
        const id = idIn(key)
        if (id !== undefined && key === this.#keyOf({ type, id })) yield { id, sizeBytes }
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined
      if (page.IsTruncated === true && (token === undefined || token === from))
        throw storeError('store_unreachable', `${this.description}: the server does not go on with its listing; trying again`)
    } while (token !== undefined)
  }

  async sizeOf(file: StoreFile, signal?: AbortSignal): Promise<number | undefined> {
    const head = new HeadObjectCommand({ Bucket: this.#config.bucket, Key: this.#keyOf(file) })
    try {
      return (
        (await this.#ask(0, signal, async (bound) => await this.#client.send(head, { abortSignal: bound }), isAbsent)).ContentLength ?? 0
      )
    } catch (error) {
      if (!isAbsent(error)) throw error
      // Without a body the answer is the same where the bucket is missing.
      await this.create(signal)
      return undefined
    }
  }

  async read(file: StoreFile, options: ReadOptions = {}): Promise<Buffer> {
    const { offset = 0, lengthBytes, signal } = options
    if (lengthBytes === 0) return await this.#readNothing(file, offset, signal)
    const range = `bytes=${offset}-${lengthBytes === undefined ? '' : offset + lengthBytes - 1}`
    const isWhole = offset === 0 && lengthBytes === undefined
    const command = new GetObjectCommand({ Bucket: this.#config.bucket, Key: this.#keyOf(file), ...(isWhole ? {} : { Range: range }) })
    return await this.#ask(lengthBytes ?? maxFileBytes, signal, async (bound) => {
      try {
        const answer = await this.#client.send(command, { abortSignal: bound })
        const promisedBytes = answer.ContentLength ?? lengthBytes
        // A server that has no ranges sends all of it.
        const isRange = isWhole || answer.ContentRange !== undefined
        const maxBytes = isRange ? (lengthBytes ?? promisedBytes ?? maxFileBytes) : maxFileBytes
        const bytes = await readBody(answer.Body, { maxBytes, silenceMs: this.#config.timeout, signal: bound })
        const part = isRange ? bytes : bytes.subarray(offset, lengthBytes === undefined ? undefined : offset + lengthBytes)
        const wantedBytes = lengthBytes ?? (isRange ? promisedBytes : undefined) ?? part.length
        if (part.length !== wantedBytes) throw wrongLength(this.description, file, wantedBytes, part.length)
        return part
      } catch (error) {
        throw isAbsent(error) ? missingFile(this.description, file, error) : error
      }
    })
  }

  async write(file: StoreFile, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    if (this.#isConditional) {
      try {
        return await this.#put(file, bytes, true, signal)
      } catch (error) {
        if (isTaken(error)) return await this.#mustEqual(file, bytes, signal)
        if (!isUnsupported(error)) throw error
        this.#isConditional = false
      }
    }
    if ((await this.sizeOf(file, signal)) !== undefined) return await this.#mustEqual(file, bytes, signal)
    await this.#put(file, bytes, false, signal)
  }

  async remove(file: StoreFile, signal?: AbortSignal): Promise<void> {
    const command = new DeleteObjectCommand({ Bucket: this.#config.bucket, Key: this.#keyOf(file) })
    await this.#ask(0, signal, async (bound) => {
      try {
        await this.#client.send(command, { abortSignal: bound })
      } catch (error) {
        if (!isAbsent(error)) throw error
      }
    })
  }

  async room(signal?: AbortSignal): Promise<StoreRoom> {
    let usedBytes = 0
    for (const type of fileTypes) {
      for await (const file of this.list(type, signal)) usedBytes += file.sizeBytes
    }
    return { usedBytes, freeBytes: null }
  }

  /** Parts of uploads that were never completed; they are paid for, and no listing shows them. */
  async sweep(olderThanMs: number, nowMs: number): Promise<number> {
    const where = { Bucket: this.#config.bucket, Prefix: this.#prefix }
    return await this.#ask(0, undefined, async (bound) => {
      let swept = 0
      try {
        const { Uploads: uploads = [] } = await this.#client.send(new ListMultipartUploadsCommand(where), { abortSignal: bound })
        for (const { Key, UploadId, Initiated } of uploads) {
          if (Initiated === undefined || nowMs - Initiated.getTime() < olderThanMs) continue
          await this.#client.send(new AbortMultipartUploadCommand({ Bucket: where.Bucket, Key, UploadId }), { abortSignal: bound })
          swept++
        }
      } catch (error) {
        if (!isUnsupported(error) && !isAbsent(error)) throw error
      }
      return swept
    })
  }

  async close(): Promise<void> {
    this.#client.destroy()
  }

  #keyOf(file: StoreFile): string {
    return `${this.#prefix}${nameOf(file)}`
  }

  #noBucket(cause: unknown): unknown {
    const message = `${this.description}: there is no such bucket; create it, or mend bucket and endpoint`
    return storeError('store_not_found', message, cause)
  }

  /** No range can say "nothing". */
  async #readNothing(file: StoreFile, offset: number, signal: AbortSignal | undefined): Promise<Buffer> {
    const sizeBytes = await this.sizeOf(file, signal)
    if (sizeBytes === undefined) throw missingFile(this.description, file)
    if (offset > sizeBytes) throw wrongLength(this.description, file, 0, sizeBytes - offset)
    return Buffer.alloc(0)
  }

  async #put(file: StoreFile, bytes: Uint8Array, isConditional: boolean, signal: AbortSignal | undefined): Promise<void> {
    const put = { bucket: this.#config.bucket, key: this.#keyOf(file), type: file.type, bytes, isConditional, nowMs: this.#clock.now() }
    const isMine = (error: unknown): boolean => isConditional && (isTaken(error) || isUnsupported(error))
    await this.#ask(bytes.length, signal, async (bound) => await putObject(this.#client, this.#config, { ...put, signal: bound }), isMine)
  }

  /** Our own write may have arrived although its answer did not. */
  async #mustEqual(file: StoreFile, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    const present = await this.read(file, signal === undefined ? {} : { signal })
    if (!present.equals(bytes)) throw otherBytes(this.description, file)
  }

  /** Runs a request within a bound of time, and says its failure in our words; `isMine` are failures that the caller reads itself. */
  async #ask<T>(
    bytes: number,
    signal: AbortSignal | undefined,
    request: (bound: AbortSignal) => Promise<T>,
    isMine: (error: unknown) => boolean = () => false,
  ): Promise<T> {
    signal?.throwIfAborted()
    const deadline = AbortSignal.timeout(this.#config.timeout * 5 + Math.ceil((bytes / slowestBytesPerSecond) * 1000))
    try {
      return await request(signal === undefined ? deadline : AbortSignal.any([signal, deadline]))
    } catch (error) {
      throw isMine(error) ? error : s3Error(this.description, error, signal)
    }
  }
}
