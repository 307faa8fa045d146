import type { Bus, RawMessage, Reader } from '@nightshift/shared/bus/bus'
import { ContractError } from '@nightshift/shared/errors'
import type { HealthEvent } from '@nightshift/shared/events/health'
import { parseEvent } from '@nightshift/shared/events/parse'
import { encodeToken } from '@nightshift/shared/host-token'
import { filterSubject } from '@nightshift/shared/subjects'

type TakeHealth = (event: HealthEvent, at: { subject: string; seq: number }) => Promise<void>

/**
 * Reads the transitions of this host's checks, in order. A message is acknowledged when `take` has persisted what it led to; the heal itself
 * goes on beside. Nothing of another host gets here: the filter, the subject and the payload must all say this one.
 */
export function consumeHealth(bus: Bus, host: string, take: TakeHealth): Reader {
  return bus.consume({
    stream: 'EVENTS',
    durable: `healer_${encodeToken(host)}`,
    filter: filterSubject('health', { host }, bus.namespace),
    concurrency: 1,
    // What cannot be saved now is not given up: the disk may be full for hours.
    maxAttempts: 10_000,
    retryDelaysMs: [1000, 5000, 30_000],
    handle: async (message) =>
      take(readHealth(message, host, bus.namespace), {
        subject: message.subject,
        seq: message.seq,
      }),
  })
}

function readHealth(message: RawMessage, host: string, namespace: string): HealthEvent {
  const received = parseEvent(message.subject, message.data, namespace)
  if (received.kind !== 'health') throw new ContractError('wrong_kind', `${message.subject} is no health event`)
  if (received.address.host !== host) throw new ContractError('host_mismatch', `${message.subject} is not about ${host}`)
  return received.event
}
