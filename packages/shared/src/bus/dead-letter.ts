import { isoTime, type Clock } from '../clock.ts'
import { describeError, NightshiftError } from '../errors.ts'
import type { DeadEvent } from '../events/dead.ts'
import { derivedId, newId } from '../ids.ts'

/** How much of the payload is kept. */
const keptBytes = 8 * 1024
const maxMessageLength = 8192
const maxSubjectLength = 1024

/** A message that could not be processed. */
export interface Undeliverable {
  readonly subject: string
  readonly data: Uint8Array
  readonly seq?: number
  readonly attempt?: number
  /** When the stream took it, milliseconds since the epoch. */
  readonly receivedMs?: number
}

/**
 * The event that says what could not be processed and why. The same message refused for the same reason by the same reader always gets
 * the same id, so that a reader that starts over does not bury it twice.
 */
export function deadEvent(
  message: Undeliverable,
  error: unknown,
  reader: { service: string; source: string; stream: string | null },
  clock: Clock,
): DeadEvent {
  const { subject, data, seq, attempt = 0, receivedMs } = message
  const reason = error instanceof NightshiftError ? error.code : 'failed'
  const known = reader.stream !== null && seq !== undefined && receivedMs !== undefined
  const id = known ? derivedId(receivedMs, reader.source, reader.stream ?? '', String(seq), reason) : newId(clock.now())
  return {
    v: 1,
    id,
    time: isoTime(clock.now()),
    host: null,
    source: reader.source,
    correlation_id: correlationId(data) ?? id,
    service: reader.service,
    reason,
    message: describeError(error).slice(0, maxMessageLength),
    subject: subject.slice(0, maxSubjectLength),
    stream: reader.stream,
    stream_seq: seq ?? null,
    attempts: attempt,
    payload: Buffer.from(data.subarray(0, keptBytes)).toString('base64'),
    payload_bytes: data.byteLength,
  }
}

/** Of the message itself, when it can be read. */
function correlationId(data: Uint8Array): string | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(data))
    if (typeof value !== 'object' || value === null || !('correlation_id' in value)) return undefined
    const { correlation_id: id } = value
    return typeof id === 'string' && id.length > 0 && id.length <= 64 ? id : undefined
  } catch {
    return undefined
  }
}
