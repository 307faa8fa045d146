import type { S3ClientConfig } from '@aws-sdk/client-s3'
import type { DestinationConfigOf } from '../../config/destination-config.ts'

export type S3Config = DestinationConfigOf<'s3'>

const connectTimeoutMs = 10_000
/** The client tries again by itself, for what it knows of S3: throttling, a clock that is off. */
const clientAttempts = 3
const maxSockets = 16

/** How the client of S3 is set up so that servers which are not Amazon's understand it too. */
export function clientOptions(config: S3Config): S3ClientConfig {
  return {
    region: config.region,
    ...(config.endpoint === undefined ? {} : { endpoint: config.endpoint }),
    forcePathStyle: config.path_style ?? config.endpoint !== undefined,
    ...credentials(config),
    maxAttempts: clientAttempts,
    // Checksums in trailers are refused by many servers; what we store is sealed, and its name is its hash.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      socketTimeout: config.timeout,
      requestTimeout: 0,
      httpAgent: { keepAlive: true, maxSockets },
      httpsAgent: { keepAlive: true, maxSockets },
    },
  }
}

function credentials(config: S3Config): S3ClientConfig {
  const { access_key_id: accessKeyId, secret_access_key: secretAccessKey } = config
  return accessKeyId === undefined || secretAccessKey === undefined ? {} : { credentials: { accessKeyId, secretAccessKey } }
}
