import { JetStreamApiError } from '@nats-io/jetstream'
import {
  errors,
  InvalidArgumentError,
  InvalidSubjectError,
  NoRespondersError,
  PermissionViolationError,
  TimeoutError,
} from '@nats-io/transport-node'
import { BusError, ConflictError, describeError, NightshiftError } from '../errors.ts'

/** Error codes of the JetStream API that we decide by (nats-server, server/errors.json). */
const apiCodes = {
  accountResourcesExceeded: 10002,
  notEnoughMemory: 10028,
  notEnoughStorage: 10047,
  consumerNotFound: 10014,
  consumerExists: 10148,
  consumerNameInUse: 10013,
  invalidConfig: 10052,
  messageTooLarge: 10054,
  streamNameInUse: 10058,
  streamNotFound: 10059,
  subjectsOverlap: 10065,
  updateFailed: 10069,
  wrongLastSequence: 10071,
  replicasNotSupported: 10074,
  wrongLastSequenceUnknown: 10164,
} as const

const named: Partial<Record<number, { code: string; transient: boolean }>> = {
  [apiCodes.accountResourcesExceeded]: { code: 'no_resources', transient: true },
  [apiCodes.notEnoughMemory]: { code: 'no_resources', transient: true },
  [apiCodes.notEnoughStorage]: { code: 'no_resources', transient: true },
  [apiCodes.consumerNotFound]: { code: 'consumer_not_found', transient: true },
  [apiCodes.consumerExists]: { code: 'consumer_exists', transient: true },
  [apiCodes.consumerNameInUse]: { code: 'consumer_exists', transient: true },
  [apiCodes.messageTooLarge]: { code: 'message_too_large', transient: false },
  [apiCodes.streamNameInUse]: { code: 'stream_exists', transient: false },
  [apiCodes.streamNotFound]: { code: 'stream_not_found', transient: true },
  [apiCodes.subjectsOverlap]: { code: 'subjects_overlap', transient: false },
  [apiCodes.invalidConfig]: { code: 'invalid_config', transient: false },
  [apiCodes.updateFailed]: { code: 'invalid_config', transient: false },
  [apiCodes.replicasNotSupported]: { code: 'no_cluster', transient: false },
}

/** What the NATS client threw, as one of our errors: with a code, and whether trying again can help. */
export function refusal(error: unknown): NightshiftError {
  if (error instanceof NightshiftError) return error
  const options = { cause: error }
  const cause = error instanceof Error ? error.cause : undefined
  if (error instanceof JetStreamApiError) {
    if (error.code === apiCodes.wrongLastSequence || error.code === apiCodes.wrongLastSequenceUnknown) {
      return new ConflictError('stale_revision', 'somebody else changed it first; read it again', { ...options, transient: true })
    }
    const known = named[error.code]
    if (known) return new BusError(known.code, `the bus refuses: ${error.message}`, { ...options, transient: known.transient })
    return new BusError('bus_refused', `the bus refuses: ${error.message} (${error.code})`, { ...options, transient: error.status >= 500 })
  }
  if (error instanceof PermissionViolationError || cause instanceof PermissionViolationError) {
    return new BusError('permission_denied', `the bus denies it: ${describeError(cause ?? error)}`, options)
  }
  if (error instanceof NoRespondersError || cause instanceof NoRespondersError || isNoResponders(cause)) {
    return new BusError('no_responder', 'nobody on the bus answers to this', { ...options, transient: true })
  }
  if (error instanceof TimeoutError) return new BusError('timeout', 'the bus did not answer in time', { ...options, transient: true })
  if (error instanceof InvalidSubjectError) return new BusError('bad_subject', describeError(error), options)
  if (error instanceof InvalidArgumentError) return new BusError('message_too_large', describeError(error), options)
  return new BusError('bus_error', `the bus failed: ${describeError(error)}`, { ...options, transient: true })
}

/** A request to JetStream that nobody took is wrapped twice by the client. */
function isNoResponders(cause: unknown): boolean {
  return cause instanceof errors.RequestError && cause.isNoResponders()
}
