import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { S3Server } from '@nightshift/test-servers/s3'
import { destinationSchema } from '../../src/config/destination-config.ts'
import { clientOptions, type S3Config } from '../../src/destinations/s3/s3-options.ts'

/** A destination of the configuration that leads to a server of a test. */
export function s3Config(server: S3Server, changes: Record<string, unknown> = {}): S3Config {
  const config = destinationSchema.parse({
    kind: 's3',
    endpoint: server.endpoint,
    bucket: 'backups',
    access_key_id: server.accessKeyId,
    secret_access_key: server.secretAccessKey,
    timeout: '5s',
    ...changes,
  })
  if (config.kind !== 's3') throw new Error('not of S3')
  return config
}

export async function makeBucket(server: S3Server, bucket = 'backups', options: { hasLocks?: boolean } = {}): Promise<void> {
  const client = new S3Client(clientOptions(s3Config(server)))
  await client.send(new CreateBucketCommand({ Bucket: bucket, ...(options.hasLocks === true ? { ObjectLockEnabledForBucket: true } : {}) }))
  client.destroy()
}
