import { randomUUID } from 'node:crypto'
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { nanos, type NatsConnection } from '@nats-io/transport-node'
import type { Recorded } from '@nightshift/alerter/simulate/memory-bus'
import type { StreamName } from '@nightshift/shared/bus/bus'
import { isoTime } from '@nightshift/shared/clock'
import { streamId } from '@nightshift/shared/bus/streams'
import { BusError, describeError } from '@nightshift/shared/errors'
import { defaultNamespace } from '@nightshift/shared/subjects'

export interface ReadOptions {
  readonly stream: StreamName
  /** Only these subjects; the default is all. */
  readonly filter?: string
  readonly fromMs: number
  /** Messages that came later end the reading; so does the signal. */
  readonly untilMs: number
  /** Waits for what comes when everything that is there was read. */
  readonly isLive: boolean
  readonly signal?: AbortSignal
  /** False: that was enough. */
  readonly onMessage: (message: Recorded) => boolean
}

/** The server forgets the consumer so long after we are gone: the operator may make one but not remove it. */
const forgetMs = 10_000
const fetchMessages = 500
/** How long one look waits for messages; a live reader notices the end of its time so late. */
const fetchMs = 1000

/** Reads messages of a stream in their order, from a time on. Throws BusError `no_stream`. */
export async function readStream(connection: NatsConnection, options: ReadOptions): Promise<void> {
  const { stream, filter, fromMs, untilMs, isLive, signal, onMessage } = options
  const id = streamId(stream, defaultNamespace)
  const jsm = await jetstreamManager(connection, { checkAPI: false })
  const info = await jsm.consumers
    .add(id, {
      name: `cli-read-${randomUUID()}`,
      ...(filter === undefined ? {} : { filter_subject: filter }),
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartTime,
      opt_start_time: isoTime(fromMs),
      inactive_threshold: nanos(forgetMs),
      mem_storage: true,
      num_replicas: 1,
    })
    .catch((cause: unknown) => {
      throw new BusError('no_stream', `cannot read the stream ${id}: ${describeError(cause)}`, { cause })
    })
  const isStopped = (): boolean => signal?.aborted === true
  const consumer = jetstream(connection).consumers.getConsumerFromInfo(info)
  for (let left = info.num_pending; isLive || left > 0;) {
    if (isStopped() || (isLive && Date.now() > untilMs)) return
    const wanted = isLive ? fetchMessages : Math.min(fetchMessages, left)
    const messages = await consumer.fetch({ max_messages: wanted, expires: fetchMs })
    let read = 0
    for await (const { subject, data, time } of messages) {
      read++
      const receivedMs = time.getTime()
      if (receivedMs > untilMs || isStopped()) return
      if (!onMessage({ stream, subject, data, receivedMs })) return
    }
    left -= read
    // What was there may have expired while we read.
    if (!isLive && read === 0) return
  }
}
