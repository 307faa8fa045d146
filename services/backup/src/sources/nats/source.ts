import { jetstreamManager, type JetStreamManager, type StoredMsg, type StreamInfo } from '@nats-io/jetstream'
import { ConfigError, EffectError } from '@nightshift/shared/errors'
import type { SourceConfigOf } from '../../config/source-config.ts'
import { CountedDump, dumpMaterial, type DumpStream } from '../dump-stream.ts'
import type { Facts, Material, Source, SourceContext } from '../source.ts'
import { openNats } from './connection.ts'
import { encodeRecord, type MessageRecord } from './record.ts'

type NatsConfig = SourceConfigOf<'nats'>

const bucketPrefix = 'KV_'
/** Questions on their way at once, and what their answers may hold. */
const maxWindow = 64
const windowBytes = 4 * 1024 * 1024

/** Streams and KV buckets: every message with subject, headers and time. No consumer is made, so that a work queue loses nothing. */
export function natsSource(config: NatsConfig): Source {
  return { kind: 'nats', open: async (context) => await openStreams(config, context) }
}

async function openStreams(config: NatsConfig, context: SourceContext): Promise<Material> {
  const { connection, close } = await openNats(config, context.nats)
  try {
    const manager = await jetstreamManager(connection)
    const streams = await chooseStreams(manager, config)
    const facts: Facts = {}
    const dumps = streams.map((info) => streamDump(manager, info, config, context, facts))
    const paths = dumps.map(({ path }) => path)
    return dumpMaterial({ paths, dumps, rule: config, facts: () => Promise.resolve(facts), close }, context)
  } catch (error) {
    await close()
    throw error
  }
}

async function chooseStreams(manager: JetStreamManager, { streams, buckets }: NatsConfig): Promise<StreamInfo[]> {
  const present = new Map<string, StreamInfo>()
  for await (const info of manager.streams.list()) present.set(info.config.name, info)
  const wanted = new Set<string>()
  for (const name of present.keys()) {
    const list = name.startsWith(bucketPrefix) ? buckets : streams
    if (list === 'all') wanted.add(name)
  }
  const named = [...(streams === 'all' ? [] : streams), ...(buckets === 'all' ? [] : buckets.map((bucket) => `${bucketPrefix}${bucket}`))]
  for (const name of named) {
    if (!present.has(name))
      throw new ConfigError(
        'no_source',
        `there is no stream ${name} on the NATS server; it has ${[...present.keys()].join(', ') || 'none'}`,
      )
    wanted.add(name)
  }
  return [...wanted].sort().flatMap((name) => present.get(name) ?? [])
}

function streamDump(manager: JetStreamManager, info: StreamInfo, config: NatsConfig, context: SourceContext, facts: Facts): DumpStream {
  const { name } = info.config
  const path = name.startsWith(bucketPrefix) ? `/nats/kv/${name.slice(bucketPrefix.length)}.jsonl` : `/nats/streams/${name}.jsonl`
  return new CountedDump(path, context.clock.now(), async function* read(readSignal) {
    const signal = AbortSignal.any([readSignal, context.signal, AbortSignal.timeout(config.timeout)])
    yield encodeRecord({ head: { format: 'nightshift-nats-stream', version: 1, config: { ...info.config } } })
    if (config.consumers)
      for await (const consumer of manager.consumers.list(name)) yield encodeRecord({ consumer: { ...consumer.config } })
    let messages = 0
    for await (const lines of messagesOf(manager, name, signal)) {
      messages += lines.length
      yield Buffer.concat(lines.map(encodeRecord))
    }
    facts[`messages.${name}`] = messages
    yield encodeRecord({ end: { messages } })
  })
}

/** From the first message to the one that is the last now. Sequences may have holes, large ones too. */
async function* messagesOf(manager: JetStreamManager, name: string, signal: AbortSignal): AsyncGenerator<MessageRecord[]> {
  const { state } = await asked(signal, name, async () => await manager.streams.info(name))
  const averageBytes = state.messages === 0 ? 0 : state.bytes / state.messages
  const window = Math.max(1, Math.min(maxWindow, Math.floor(windowBytes / Math.max(averageBytes, 1))))
  let seq = state.first_seq
  while (seq <= state.last_seq && state.messages > 0) {
    const numbers = Array.from({ length: Math.min(window, state.last_seq - seq + 1) }, (_, index) => seq + index)
    const found = await asked(
      signal,
      name,
      async () => await Promise.all(numbers.map(async (number) => await manager.streams.getMessage(name, { seq: number }))),
    )
    const messages = found.filter((message) => message !== null)
    seq += numbers.length
    if (messages.length > 0) yield messages.map(recordOf)
    else if (seq <= state.last_seq) seq = await nextAfter(manager, name, seq, signal)
  }
}

/** The sequence of the first message from `seq` on. */
async function nextAfter(manager: JetStreamManager, name: string, seq: number, signal: AbortSignal): Promise<number> {
  const query = { seq, next_by_subj: '>' }
  const next = await asked(signal, name, async () => await manager.streams.getMessage(name, query))
  return next?.seq ?? Number.MAX_SAFE_INTEGER
}

async function asked<T>(signal: AbortSignal, name: string, ask: () => Promise<T>): Promise<T> {
  if (signal.aborted)
    throw new EffectError('aborted', 'the run was stopped, or the stream took longer than `timeout`', {
      cause: signal.reason,
      transient: true,
    })
  try {
    return await ask()
  } catch (cause) {
    throw new EffectError(
      'dump_failed',
      `cannot read the NATS stream ${name}: look whether the server runs and whether the user may ask for its messages`,
      { cause, transient: true },
    )
  }
}

function recordOf(message: StoredMsg): MessageRecord {
  const headers: Record<string, string[]> = {}
  for (const [key, values] of message.header ?? []) headers[key] = values
  return {
    seq: message.seq,
    subject: message.subject,
    time: message.timestamp,
    ...(Object.keys(headers).length > 0 && { headers }),
    data: Buffer.from(message.data).toString('base64'),
  }
}
