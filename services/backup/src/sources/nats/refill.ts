import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  jetstream,
  jetstreamManager,
  type ConsumerConfig,
  type JetStreamClient,
  type JetStreamManager,
  type StreamConfig,
} from '@nats-io/jetstream'
import { headers as natsHeaders, nanos, type NatsConnection } from '@nats-io/transport-node'
import { ConfigError, ContractError, EffectError } from '@nightshift/shared/errors'
import { parseRecord, type MessageRecord } from './record.ts'

/** Messages on their way to the server at once, and their bytes. */
const maxWindow = 128
const windowBytes = 4 * 1024 * 1024
/** A stream may hold the same message id twice, once per window: while it is filled the window is short. */
const dedupeWindowMs = 100
const expectation = /^nats-expected-/i

export interface Refill {
  readonly file: string
  /** Name of the stream to make. */
  readonly name: string
  /** From the subject that a message has to the one under which it is restored. */
  subject(old: string): string
  readonly withConsumers: boolean
  readonly signal: AbortSignal
}

/** Makes a stream from its file. What was made is removed again when it fails. Returns the number of messages. */
export async function refillStream(connection: NatsConnection, refill: Refill): Promise<number> {
  const manager = await jetstreamManager(connection)
  const client = jetstream(connection)
  const consumers: Partial<ConsumerConfig>[] = []
  let config: StreamConfig | undefined
  let expected: number | undefined
  let restored = 0
  const filler = new Filler(client, refill)
  try {
    for await (const line of createInterface({ input: createReadStream(refill.file), crlfDelay: Number.POSITIVE_INFINITY })) {
      refill.signal.throwIfAborted()
      const record = parseRecord(line)
      if ('head' in record) config = await makeStream(manager, record.head.config as unknown as StreamConfig, refill)
      else if (config === undefined) throw new ContractError('bad_stream_file', 'the file does not begin with the head of a stream')
      else if ('consumer' in record) consumers.push(record.consumer as Partial<ConsumerConfig>)
      else if ('end' in record) expected = record.end.messages
      else {
        await filler.add(record)
        restored++
      }
    }
    await filler.flush()
    if (config === undefined || expected !== restored)
      throw new ContractError(
        'bad_stream_file',
        `the file of the stream is torn: it says ${expected ?? 'nothing of its end'}, and has ${restored} messages`,
      )
    await manager.streams.update(refill.name, config)
    if (refill.withConsumers) for (const consumer of consumers.filter(isDurable)) await manager.consumers.add(refill.name, consumer)
    return restored
  } catch (error) {
    if (config !== undefined) await manager.streams.delete(refill.name).catch(() => false)
    if (refill.signal.aborted) throw new EffectError('aborted', 'the run was stopped', { cause: error, transient: true })
    throw error
  }
}

/** Gives the configuration that the stream gets at the end. */
async function makeStream(manager: JetStreamManager, saved: StreamConfig, refill: Refill): Promise<StreamConfig> {
  const { name } = refill
  const { mirror: _mirror, sources: _sources, ...rest } = saved
  const config: StreamConfig = { ...rest, name, subjects: (saved.subjects ?? []).map((old) => refill.subject(old)) }
  // A mirror has no subjects of its own, and cannot be written to.
  if (config.subjects.length === 0) config.subjects = [`nightshift.restored.${name}.>`]
  const filling: StreamConfig = { ...config, sealed: false, duplicate_window: nanos(dedupeWindowMs) }
  try {
    await manager.streams.add(filling)
    return config
  } catch (cause) {
    if (isRefusal(cause, [10074, 10005])) {
      // Fewer servers than there were.
      await manager.streams.add({ ...filling, num_replicas: 1 })
      return { ...config, num_replicas: 1 }
    }
    if (isRefusal(cause, [10058, 10065]))
      throw new ConfigError(
        'not_beside',
        `the stream ${name} is there already, or another one has its subjects: restore it beside, or remove the live one first`,
        { cause },
      )
    throw new EffectError('load_failed', `NATS refuses to make the stream ${name}`, { cause })
  }
}

/** Publishes in order, many at once. */
class Filler {
  readonly #client: JetStreamClient
  readonly #refill: Refill
  #waiting: MessageRecord[] = []
  #waitingBytes = 0

  constructor(client: JetStreamClient, refill: Refill) {
    this.#client = client
    this.#refill = refill
  }

  async add(message: MessageRecord): Promise<void> {
    this.#waiting.push(message)
    this.#waitingBytes += message.data.length
    if (this.#waiting.length >= maxWindow || this.#waitingBytes >= windowBytes) await this.flush()
  }

  async flush(): Promise<void> {
    const messages = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    // The same id twice in one portion: the later one has to wait, and what follows it too.
    let portion: MessageRecord[] = []
    const ids = new Set<string>()
    for (const message of messages) {
      const id = idOf(message)
      if (id !== undefined && ids.has(id)) {
        await this.#send(portion)
        portion = []
        ids.clear()
      }
      if (id !== undefined) ids.add(id)
      portion.push(message)
    }
    await this.#send(portion)
  }

  async #send(portion: readonly MessageRecord[]): Promise<void> {
    let left = portion
    while (left.length > 0) {
      const acks = await Promise.all(left.map(async (message) => await this.#publish(message)))
      const refused = acks.findIndex((isStored) => !isStored)
      if (refused === -1) return
      left = left.filter((_, index) => !acks[index])
      await sleep(dedupeWindowMs + 20, undefined, { signal: this.#refill.signal })
    }
  }

  /** False when the server takes it for one that it has. */
  async #publish(message: MessageRecord): Promise<boolean> {
    const headers = natsHeaders()
    for (const [key, values] of Object.entries(message.headers ?? {}))
      if (!expectation.test(key)) for (const value of values) headers.append(key, value)
    // When it was first stored: the server gives it a new time.
    if (!headers.has(timeHeader)) headers.append(timeHeader, message.time)
    try {
      const ack = await this.#client.publish(this.#refill.subject(message.subject), Buffer.from(message.data, 'base64'), { headers })
      if (ack.stream !== this.#refill.name)
        throw new ConfigError('not_beside', `the stream ${ack.stream} takes the messages of ${this.#refill.name}: restore it beside`)
      return !ack.duplicate
    } catch (cause) {
      if (cause instanceof ConfigError) throw cause
      throw new EffectError('load_failed', `NATS did not take message ${message.seq} of the stream ${this.#refill.name}`, {
        cause,
        transient: true,
      })
    }
  }
}

/** Of a restored message: when it was first stored. */
const timeHeader = 'Nightshift-Stored'

function idOf(message: MessageRecord): string | undefined {
  return Object.entries(message.headers ?? {}).find(([key]) => key.toLowerCase() === 'nats-msg-id')?.[1][0]
}

function isDurable(consumer: Partial<ConsumerConfig>): boolean {
  return consumer.durable_name !== undefined
}

function isRefusal(error: unknown, codes: readonly number[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(Number(error.code))
}
