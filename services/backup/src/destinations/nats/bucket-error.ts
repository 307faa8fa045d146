import { JetStreamApiError } from '@nats-io/jetstream'
import { errors } from '@nats-io/transport-node'
import { refusal } from '@nightshift/shared/bus/refusal'
import { EffectError } from '@nightshift/shared/errors'
import { storeError, type StoreErrorCode } from '../store-error.ts'

/** Error codes of the JetStream API (nats-server, server/errors.json). */
const storeFailed = 10_077
const noStorage = new Set([10_002, 10_023, 10_047])

interface Reading {
  readonly code: StoreErrorCode
  readonly advice: string
}

/** What the bus said, as one of our errors; an abort by the caller is thrown as it is. */
export function bucketError(description: string, error: unknown, signal?: AbortSignal): unknown {
  if (error instanceof EffectError) return error
  if (signal?.aborted === true) return signal.reason
  const { code, advice } = read(error)
  return storeError(code, `${description}: ${advice}`, error)
}

function read(error: unknown): Reading {
  if (error instanceof JetStreamApiError) {
    // The one code for whatever keeps a message out of the stream: its own bounds, and those of the disk.
    if (error.code === storeFailed) return { code: 'store_full', advice: `the object store takes no more (${error.message}); ${makeRoom}` }
    if (noStorage.has(error.code)) return { code: 'store_full', advice: `the bus has no room (${error.message}); ${makeRoom}` }
  }
  if (error instanceof Error && error.cause instanceof errors.AuthorizationError)
    return { code: 'store_denied', advice: 'the bus refuses the login; mend nats.user and nats.password, or nats.creds_file' }
  switch (refusal(error).code) {
    case 'stream_not_found':
      return { code: 'store_not_found', advice: 'there is no such object store; nightshift backup init makes it, or: nats object add' }
    case 'permission_denied':
      return { code: 'store_denied', advice: 'the bus denies it; give this user the rights of docs/security.md' }
    case 'no_cluster':
      return { code: 'store_denied', advice: 'replicas need a cluster of as many servers; lower replicas' }
    default:
      return { code: 'store_unreachable', advice: 'the bus does not answer, or broke off; trying again' }
  }
}

const makeRoom = 'raise max_bytes (nats object edit, or nats stream edit), or shorten `keep:` and prune'
