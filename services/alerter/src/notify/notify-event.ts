import { isoTime } from '@nightshift/shared/clock'
import type { NotifyEvent } from '@nightshift/shared/events/notify'
import { derivedId } from '@nightshift/shared/ids'
import { headlineOf } from './notification.ts'
import type { OutboxRecord } from './outbox-record.ts'

interface Outcome {
  readonly outcome: NotifyEvent['outcome']
  readonly kind: string
  readonly attempt: number
  readonly error: string | null
  readonly latencySeconds: number | null
}

const maxErrorLength = 1000

/** What became of a notification. The id follows from what it says, so telling it twice is telling it once. */
export function notifyEventOf(
  source: string,
  record: Pick<OutboxRecord, 'notification' | 'created_ms'>,
  result: Outcome,
  now: number,
): NotifyEvent {
  const { notification, created_ms: createdMs } = record
  const { id, channel, event, message } = notification
  return {
    v: 1,
    id: derivedId(createdMs, id, channel, result.outcome, String(result.attempt)),
    time: isoTime(now),
    host: null,
    source,
    correlation_id: event.correlation_id,
    channel,
    kind: result.kind,
    outcome: result.outcome,
    notification: id,
    attempt: result.attempt,
    subject: headlineOf(notification),
    about: message.alerts.map(({ fingerprint }) => fingerprint),
    error: result.error === null ? null : result.error.slice(0, maxErrorLength),
    latency_seconds: result.latencySeconds,
  }
}
