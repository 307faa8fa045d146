import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { DeleteObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { isAbsent, s3Error } from '../destinations/s3/s3-error.ts'
import { clientOptions, type S3Config } from '../destinations/s3/s3-options.ts'
import type { MirroredFile, MirrorTarget } from './mirror-target.ts'

/** Larger files go in parts, so that a line that breaks costs one part and not all. */
const wholeUpToBytes = 64 * 1024 ** 2
const partBytes = 16 * 1024 ** 2
const partsAtOnce = 2
/** More than a page of a server ever has; a listing that never ends is not followed. */
const maxPages = 100_000

/** A bucket, or a folder in one. Objects are named as the files are. */
export class S3Target implements MirrorTarget {
  readonly description: string
  readonly #client: S3Client
  readonly #config: S3Config
  readonly #prefix: string

  constructor(config: S3Config) {
    this.#config = config
    this.#client = new S3Client(clientOptions(config))
    this.#prefix = config.prefix === undefined ? '' : `${config.prefix}/`
    this.description = `s3://${config.bucket}/${this.#prefix}`
  }

  async *list(signal: AbortSignal): AsyncGenerator<MirroredFile> {
    let token: string | undefined
    for (let page = 0; page < maxPages; page++) {
      const wanted = { Bucket: this.#config.bucket, Prefix: this.#prefix, ...(token === undefined ? {} : { ContinuationToken: token }) }
      const found = await this.#told(signal, async () => await this.#client.send(new ListObjectsV2Command(wanted), { abortSignal: signal }))
      for (const { Key: key, Size: sizeBytes, LastModified: at, ETag: tag } of found.Contents ?? []) {
        const path = key?.slice(this.#prefix.length) ?? ''
        // Consoles make such objects for folders.
        if (path === '' || path.endsWith('/')) continue
        yield { path, sizeBytes: sizeBytes ?? 0, modifiedMs: at?.getTime() ?? 0, keepsTime: false, md5: md5Of(tag) }
      }
      token = found.NextContinuationToken
      if (found.IsTruncated !== true || token === undefined) return
    }
  }

  async find(path: string, signal: AbortSignal): Promise<MirroredFile | undefined> {
    return await this.#told(signal, async () => {
      try {
        const command = new HeadObjectCommand({ Bucket: this.#config.bucket, Key: this.#prefix + path })
        const { ContentLength: sizeBytes, LastModified: at, ETag: tag } = await this.#client.send(command, { abortSignal: signal })
        return { path, sizeBytes: sizeBytes ?? 0, modifiedMs: at?.getTime() ?? 0, keepsTime: false, md5: md5Of(tag) }
      } catch (error) {
        if (isAbsent(error)) return undefined
        throw error
      }
    })
  }

  async put(path: string, { file, sizeBytes }: { file: string; sizeBytes: number }, signal: AbortSignal): Promise<void> {
    const { encryption, kms_key_id: kmsKeyId, storage_class: storageClass } = this.#config
    // A file that grows meanwhile ends where it ended; it will be noticed to have changed.
    const body = sizeBytes === 0 ? Readable.from([]) : createReadStream(file, { end: sizeBytes - 1 })
    const params = {
      Bucket: this.#config.bucket,
      Key: this.#prefix + path,
      Body: sizeBytes === 0 ? Buffer.alloc(0) : body,
      ...(storageClass === undefined ? {} : { StorageClass: storageClass as 'STANDARD' }),
      ...(encryption === undefined ? {} : { ServerSideEncryption: encryption }),
      ...(kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }),
    }
    await this.#told(signal, async () => {
      try {
        if (sizeBytes <= wholeUpToBytes) {
          await this.#client.send(new PutObjectCommand({ ...params, ContentLength: sizeBytes }), { abortSignal: signal })
        } else {
          const upload = new Upload({ client: this.#client, params, partSize: partBytes, queueSize: partsAtOnce, leavePartsOnError: false })
          const stop = (): void => void upload.abort()
          signal.addEventListener('abort', stop, { once: true })
          try {
            await upload.done()
          } finally {
            signal.removeEventListener('abort', stop)
          }
        }
      } finally {
        body.destroy()
      }
    })
  }

  async remove(path: string, signal: AbortSignal): Promise<void> {
    const command = new DeleteObjectCommand({ Bucket: this.#config.bucket, Key: this.#prefix + path })
    await this.#told(signal, async () => await this.#client.send(command, { abortSignal: signal }))
  }

  close(): void {
    this.#client.destroy()
  }

  async #told<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    try {
      signal.throwIfAborted()
      return await work()
    } catch (error) {
      throw s3Error(this.description, error, signal)
    }
  }
}

/** Of what was stored in parts, or encrypted by the server, the tag is no MD5. */
function md5Of(tag: string | undefined): string | null {
  return /^"?([0-9a-f]{32})"?$/.exec(tag ?? '')?.[1] ?? null
}
