import { headers, NoRespondersError, type NatsConnection } from '@nats-io/transport-node'
import { isoTime } from '@nightshift/shared/clock'
import type { Bus } from '@nightshift/shared/bus/bus'
import { describeError, EffectError } from '@nightshift/shared/errors'
import type { LogEvent } from '@nightshift/shared/events/log'
import { buildSubject } from '@nightshift/shared/subjects'
import { Backoff } from './backoff.ts'
import { noShipCounts, type Destination, type DestinationContext, type Parcel } from './destination.ts'

const ackTimeoutMs = 5000
/** The connection is kept by the bus; this only looks whether it is there. */
const slowestRetryMs = 1000
/** Publishes that wait for their answer. */
const maxInFlight = 256
/** The bounds of the contract (events/log.ts). */
const maxMessageLength = 8192
const maxFieldLength = 4096
const maxFieldNameLength = 128
/** A stream takes messages of 1 MiB; a line of so many fields is no line. */
const maxFields = 128

/**
 * The stream LOGS. Not through the spool of the bus: the file is the buffer, its position moves on only when the stream has the lines, and
 * a flood of lines must not push transitions out of the spool.
 */
export class StreamDestination implements Destination {
  readonly name = 'stream'
  readonly counts = noShipCounts()
  readonly #bus: Bus
  readonly #context: DestinationContext
  readonly #backoff = new Backoff(slowestRetryMs)
  #complaint = ''

  constructor(bus: Bus, context: DestinationContext) {
    this.#bus = bus
    this.#context = context
  }

  async ship(parcels: readonly Parcel[], signal: AbortSignal): Promise<void> {
    let left = parcels
    while (left.length > 0) {
      signal.throwIfAborted()
      const next = left.slice(0, maxInFlight)
      const { connection } = this.#bus
      const outcomes = connection === undefined ? undefined : await Promise.all(next.map((parcel) => this.#publish(connection, parcel)))
      const failed = outcomes === undefined ? next : next.filter((_, index) => outcomes[index] === 'again')
      left = [...failed, ...left.slice(maxInFlight)]
      if (failed.length === 0) this.#backoff.reset()
      else {
        this.counts.retries++
        await this.#backoff.wait(signal)
      }
    }
  }

  close(): void {
    this.#backoff.reset()
  }

  async #publish(connection: NatsConnection, parcel: Parcel): Promise<'done' | 'again'> {
    const { origin, source } = this.#context
    const subject = buildSubject({ kind: 'log', host: origin.host, source, level: parcel.line.level }, this.#bus.namespace)
    const header = headers()
    header.set('Nats-Msg-Id', parcel.id)
    try {
      const event = lineEvent(parcel, this.#context)
      const reply = await connection.request(subject, JSON.stringify(event), { timeout: ackTimeoutMs, headers: header })
      const answer = reply.json<{ seq?: number; error?: { code: number; description: string } }>()
      if (answer.error === undefined && answer.seq !== undefined) {
        this.counts.shipped++
        this.#complaint = ''
        return 'done'
      }
      // 400: it will never be taken, for example because it is too large.
      if (answer.error?.code === 400) {
        this.counts.rejected++
        this.#complain(`a line was refused: ${answer.error.description}`)
        return 'done'
      }
      throw new EffectError('stream_refused', answer.error?.description ?? 'the answer is none of a stream', { transient: true })
    } catch (error) {
      if (error instanceof NoRespondersError) this.#complain('the stream LOGS is not there; run `nightshift bootstrap`')
      else this.#complain(describeError(error))
      return 'again'
    }
  }

  #complain(complaint: string): void {
    if (complaint === this.#complaint) return
    this.#complaint = complaint
    this.#context.log.warn({ log: this.#context.source, error: complaint }, 'lines cannot be shipped to the stream; they wait in the log')
  }
}

/** A shipped line in the words of the contract. */
function lineEvent({ id, timeMs, line }: Parcel, { origin, source }: DestinationContext): LogEvent {
  return {
    v: 1,
    id,
    time: isoTime(timeMs),
    host: origin.host,
    source: origin.source,
    correlation_id: id,
    log_source: source,
    level: line.level,
    message: line.message.slice(0, maxMessageLength),
    fingerprint: line.fingerprint,
    count: 1,
    ...(line.requestId === undefined ? {} : { request_id: line.requestId.slice(0, maxFieldNameLength) }),
    fields: Object.fromEntries(
      Object.entries(line.fields)
        .slice(0, maxFields)
        .map(([name, value]) => [name.slice(0, maxFieldNameLength), typeof value === 'string' ? value.slice(0, maxFieldLength) : value]),
    ),
  }
}
