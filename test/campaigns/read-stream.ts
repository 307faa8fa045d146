import type { NatsConnection } from '@nats-io/transport-node'

export interface StoredEvent {
  seq: number
  subject: string
  event: Record<string, unknown> & { id: string; time: string }
}

const maxMessages = 100_000

interface Reply {
  message?: { subject: string; seq: number; data: string }
  error?: { code: number; description: string }
}

/**
 * Everything a stream holds under a filter from a sequence number on, in order. Asks message by message: the operator may not create
 * consumers of any kind.
 */
export async function readStream(connection: NatsConnection, stream: string, filter: string, fromSeq = 1): Promise<StoredEvent[]> {
  const stored: StoredEvent[] = []
  for (let seq = fromSeq; stored.length < maxMessages;) {
    const reply = await connection.request(`$JS.API.STREAM.MSG.GET.${stream}`, JSON.stringify({ seq, next_by_subj: filter }), {
      timeout: 5000,
    })
    const { message, error } = reply.json<Reply>()
    if (error?.code === 404 || message === undefined) {
      if (error !== undefined && error.code !== 404) throw new Error(`reading ${stream}: ${error.description}`)
      break
    }
    stored.push({
      seq: message.seq,
      subject: message.subject,
      event: JSON.parse(Buffer.from(message.data, 'base64').toString('utf8')) as StoredEvent['event'],
    })
    seq = message.seq + 1
  }
  return stored
}

/** The first copy of each event: a copy past the dedupe window carries the same id and counts once. */
export function withoutCopies(stored: readonly StoredEvent[]): StoredEvent[] {
  const seen = new Set<string>()
  return stored.filter(({ event }) => !seen.has(event.id) && seen.add(event.id))
}
