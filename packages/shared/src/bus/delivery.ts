import type { Msg } from '@nats-io/transport-node'
import type { RawMessage } from './bus.ts'

/** A message as a consumer hands it out. */
export interface Delivery extends RawMessage {
  /** Counts what this consumer handed out, without holes: a hole means that something was lost on the way. */
  readonly deliverySeq: number
  /** What this consumer still has to hand out after this one. */
  readonly pending: number
  /** Where to acknowledge. */
  readonly reply: string
}

const nanosPerMs = 1_000_000

/**
 * Reads the acknowledgement subject, which says it all:
 * `$JS.ACK.<stream>.<consumer>.<attempt>.<stream seq>.<delivery seq>.<nanoseconds>.<pending>`, or since 2.15 the same with domain and account
 * before the stream and one more token behind. undefined when it is something else.
 */
export function toDelivery(message: Msg): Delivery | undefined {
  const { reply } = message
  if (reply === undefined || !reply.startsWith('$JS.ACK.')) return undefined
  const tokens = reply.split('.')
  const first = tokens.length === 9 ? 4 : tokens.length >= 11 ? 6 : undefined
  if (first === undefined) return undefined
  const [attempt = 0, seq = 0, deliverySeq = 0, timeNanos = 0, pending = 0] = tokens.slice(first, first + 5).map(Number)
  return {
    subject: message.subject,
    data: message.data,
    seq,
    redelivered: attempt > 1,
    attempt,
    receivedMs: Math.floor(timeNanos / nanosPerMs),
    deliverySeq,
    pending,
    reply,
  }
}
