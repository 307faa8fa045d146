import { S3ServiceException } from '@aws-sdk/client-s3'
import { NightshiftError } from '@nightshift/shared/errors'
import { storeError, type StoreErrorCode } from '../store-error.ts'

/** What the server answered: its code, such as NoSuchKey (requests for a head get none), and the HTTP status. */
interface S3Answer {
  readonly name: string
  readonly status: number
}

function answerOf(error: unknown): S3Answer | undefined {
  if (!(error instanceof S3ServiceException)) return undefined
  return { name: error.name, status: error.$metadata.httpStatusCode ?? 0 }
}

/** The object is not there. Whether its bucket is, an answer without a body does not say. */
export function isAbsent(error: unknown): boolean {
  const answer = answerOf(error)
  return answer?.name === 'NoSuchKey' || answer?.name === 'NotFound' || (answer?.status === 404 && answer.name !== 'NoSuchBucket')
}

/** Somebody has written the object already. */
export function isTaken(error: unknown): boolean {
  return answerOf(error)?.status === 412
}

/** The server knows nothing of conditional writes. */
export function isUnsupported(error: unknown): boolean {
  const answer = answerOf(error)
  return answer?.status === 501 || answer?.name === 'NotImplemented'
}

interface Reading {
  readonly code: StoreErrorCode
  readonly advice: string
}

const denied = (advice: string): Reading => ({ code: 'store_denied', advice })
const full: Reading = { code: 'store_full', advice: 'the bucket is full; raise its quota, or shorten `keep:` and prune' }

const readings: Readonly<Record<string, Reading>> = {
  NoSuchBucket: { code: 'store_not_found', advice: 'there is no such bucket; create it, or mend bucket and endpoint' },
  InvalidAccessKeyId: denied('the server does not know access_key_id; mend it'),
  SignatureDoesNotMatch: denied('secret_access_key does not belong to access_key_id; mend it'),
  ExpiredToken: denied('the login has expired; renew it'),
  RequestTimeTooSkewed: denied('the clock of this host is wrong; set it (timedatectl)'),
  AuthorizationHeaderMalformed: denied('the bucket is in another region; mend region'),
  PermanentRedirect: denied('the bucket is in another region; mend region and endpoint'),
  CredentialsProviderError: denied('there is no login; set access_key_id and secret_access_key'),
  InvalidRange: { code: 'store_damaged', advice: 'a file is shorter than it should be; run nightshift backup check' },
  QuotaExceeded: full,
  InsufficientStorage: full,
  XMinioStorageFull: full,
  XMinioAdminBucketQuotaExceeded: full,
}

const throttling = new Set([408, 409, 425, 429])

/** What the server or the network said, as one of our errors; an abort by the caller is thrown as it is. */
export function s3Error(description: string, error: unknown, signal?: AbortSignal): unknown {
  if (error instanceof NightshiftError) return error
  if (signal?.aborted === true) return signal.reason
  const name = error instanceof Error ? error.name : ''
  const { code, advice } = readings[name] ?? readStatus(answerOf(error)?.status ?? 0, name)
  // What the SDK calls an answer that has a status and no body.
  const saysNothing = error instanceof Error && error.message === 'UnknownError'
  return storeError(code, `${description}: ${advice}`, saysNothing ? undefined : error)
}

function readStatus(status: number, name: string): Reading {
  if (status === 507) return full
  if (status === 301) return denied('the bucket is in another region; mend region and endpoint')
  if (status === 401 || status === 403) return denied('the server refuses the login, or what it may do; mend the key and its policy')
  if (status >= 400 && status < 500 && !throttling.has(status))
    return denied(`the server refuses the request (${status} ${name}); does it speak S3 at this address?`)
  const answer = status === 0 ? 'the server does not answer' : `the server answers ${status}`
  return { code: 'store_unreachable', advice: `${answer}; is endpoint right, and the server up?` }
}
