import { randomUUID } from 'node:crypto'
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { nanos, type NatsConnection } from '@nats-io/transport-node'
import { streamId } from '@nightshift/shared/bus/streams'
import { BusError, describeError } from '@nightshift/shared/errors'
import type { LogEvent } from '@nightshift/shared/events/log'
import { parseEvent } from '@nightshift/shared/events/parse'
import { defaultNamespace, filterSubject } from '@nightshift/shared/subjects'
import { matchesQuery, type LogQuery } from './log-query.ts'

/** The server forgets the consumer so long after we are gone: the operator may make one but not remove it. */
const forgetMs = 10_000
const fetchMessages = 500
const fetchMs = 5000
/** A line is shipped some time after it was written, but its time may be ahead of the server's clock. */
const clockSlackMs = 60_000

export interface LogSearch {
  /** The newest that match, oldest first. */
  readonly events: LogEvent[]
  readonly matched: number
  readonly looked: number
}

/**
 * Looks through the stream LOGS from the time on at which the query begins. Memory holds no more than the limit. Reading ends with what
 * was in the stream at the start.
 */
export async function searchLogs(connection: NatsConnection, query: LogQuery): Promise<LogSearch> {
  const stream = streamId('LOGS', defaultNamespace)
  const filter = filterSubject('log', {
    ...(query.host === undefined ? {} : { host: query.host }),
    ...(query.source === undefined ? {} : { source: query.source }),
  })
  const jsm = await jetstreamManager(connection, { checkAPI: false })
  const info = await jsm.consumers
    .add(stream, {
      name: `cli-logs-${randomUUID()}`,
      filter_subject: filter,
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartTime,
      opt_start_time: new Date(query.sinceMs - clockSlackMs).toISOString(),
      inactive_threshold: nanos(forgetMs),
      mem_storage: true,
      num_replicas: 1,
    })
    .catch((cause: unknown) => {
      throw new BusError('no_logs', `cannot read the stream ${stream}: ${describeError(cause)}`, { cause })
    })
  const consumer = jetstream(connection).consumers.getConsumerFromInfo(info)
  const events: LogEvent[] = []
  let [looked, matched] = [0, 0]
  while (looked < info.num_pending) {
    const messages = await consumer.fetch({ max_messages: Math.min(fetchMessages, info.num_pending - looked), expires: fetchMs })
    const before = looked
    for await (const message of messages) {
      looked++
      const event = readEvent(message.subject, message.data)
      if (event === undefined || !matchesQuery(event, query)) continue
      matched++
      events.push(event)
      if (events.length >= query.limit * 2) events.splice(0, events.length - query.limit)
    }
    // What was there may have expired while we read.
    if (looked === before) break
  }
  return { events: events.slice(-query.limit), matched, looked }
}

/** What is none of the contract was dead-lettered by whoever works with it; here it is passed over. */
function readEvent(subject: string, data: Uint8Array): LogEvent | undefined {
  try {
    const received = parseEvent(subject, data)
    return received.kind === 'log' ? received.event : undefined
  } catch {
    return undefined
  }
}
