import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { BusError } from '../errors.ts'

/** A connection from one (re)connect to the next break. Whatever was bound to the server under it must be bound again under the next. */
export interface Live {
  readonly nc: NatsConnection
  readonly js: JetStreamClient
  readonly jsm: JetStreamManager
  /** Aborted when the connection breaks. */
  readonly broken: AbortSignal
}

/**
 * The answer to a request, or BusError `bus_away` as soon as the connection breaks: the client itself would wait for its timeout. What was
 * asked for may have been done all the same.
 */
export async function unlessBroken<T>({ broken }: Live, request: Promise<T>): Promise<T> {
  if (broken.aborted) throw busAway()
  const { promise, reject } = Promise.withResolvers<never>()
  const refuse = (): void => reject(busAway())
  broken.addEventListener('abort', refuse, { once: true })
  try {
    return await Promise.race([request, promise])
  } finally {
    broken.removeEventListener('abort', refuse)
    request.catch(() => undefined)
  }
}

/** Nothing can be asked of the bus just now. */
export function busAway(): BusError {
  return new BusError('bus_away', 'there is no connection to the bus just now', { transient: true })
}
