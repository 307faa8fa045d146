import type { NatsConnection } from '@nats-io/transport-node'
import type { LogEvent } from '@nightshift/shared/events/log'
import { parseEvent } from '@nightshift/shared/events/parse'
import { filterSubject } from '@nightshift/shared/subjects'
import { readStream } from '../operator/read-stream.ts'
import { matchesQuery, type LogQuery } from './log-query.ts'

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
  const events: LogEvent[] = []
  let [looked, matched] = [0, 0]
  await readStream(connection, {
    stream: 'LOGS',
    filter: filterSubject('log', {
      ...(query.host === undefined ? {} : { host: query.host }),
      ...(query.source === undefined ? {} : { source: query.source }),
    }),
    fromMs: query.sinceMs - clockSlackMs,
    untilMs: Number.POSITIVE_INFINITY,
    isLive: false,
    onMessage: ({ subject, data }) => {
      looked++
      const event = readEvent(subject, data)
      if (event === undefined || !matchesQuery(event, query)) return true
      matched++
      events.push(event)
      if (events.length >= query.limit * 2) events.splice(0, events.length - query.limit)
      return true
    },
  })
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
