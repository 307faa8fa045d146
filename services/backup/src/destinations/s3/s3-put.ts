import { createHash } from 'node:crypto'
import { PutObjectCommand, type PutObjectCommandInput, type S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import type { FileType } from '../store.ts'
import type { S3Config } from './s3-options.ts'

/** Larger bodies go in parts, so that a line that breaks costs one part and not all. */
const wholeUpToBytes = 64 * 1024 ** 2
const partBytes = 16 * 1024 ** 2
const partsAtOnce = 2

export interface S3Put {
  readonly bucket: string
  readonly key: string
  readonly type: FileType
  readonly bytes: Uint8Array
  /** Refuse to replace what is there, where the server can (If-None-Match). */
  readonly isConditional: boolean
  readonly nowMs: number
  readonly signal: AbortSignal
}

/** Stores an object whole, or not at all. */
export async function putObject(client: S3Client, config: S3Config, put: S3Put): Promise<void> {
  const params: PutObjectCommandInput = {
    Bucket: put.bucket,
    Key: put.key,
    Body: put.bytes,
    ContentType: 'application/octet-stream',
    ...(put.isConditional ? { IfNoneMatch: '*' } : {}),
    // What is read often, or removed soon, is dearer in a colder class.
    ...(put.type === 'data' && config.storage_class !== undefined
      ? { StorageClass: config.storage_class as NonNullable<PutObjectCommandInput['StorageClass']> }
      : {}),
    ...(config.encryption === undefined ? {} : { ServerSideEncryption: config.encryption }),
    ...(config.kms_key_id === undefined ? {} : { SSEKMSKeyId: config.kms_key_id }),
    ...retention(config, put),
  }
  if (put.bytes.length <= wholeUpToBytes) await client.send(new PutObjectCommand(params), { abortSignal: put.signal })
  else await putInParts(client, params, put.signal)
}

/** A lock must be removable, all else may be retained. The server wants the MD5 of what it shall retain. */
function retention(config: S3Config, put: S3Put): Partial<PutObjectCommandInput> {
  if (config.lock === undefined || put.type === 'lock') return {}
  return {
    ObjectLockMode: config.lock.mode === 'compliance' ? 'COMPLIANCE' : 'GOVERNANCE',
    ObjectLockRetainUntilDate: new Date(put.nowMs + config.lock.retain),
    ...(put.bytes.length <= wholeUpToBytes ? { ContentMD5: createHash('md5').update(put.bytes).digest('base64') } : {}),
  }
}

async function putInParts(client: S3Client, params: PutObjectCommandInput, signal: AbortSignal): Promise<void> {
  const upload = new Upload({ client, params, partSize: partBytes, queueSize: partsAtOnce, leavePartsOnError: false })
  const stop = (): void => void upload.abort()
  signal.addEventListener('abort', stop, { once: true })
  try {
    signal.throwIfAborted()
    await upload.done()
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
