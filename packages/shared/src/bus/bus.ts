import type { KV } from '@nats-io/kv'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { NatsConfig } from '../config/base.ts'

/** Names of the streams of DESIGN 3, the same for every namespace but for a prefix (bus/streams.ts). */
export type StreamName = 'METRICS' | 'EVENTS' | 'LOGS' | 'AUDIT' | 'DEAD'
export type BucketName = 'alerts' | 'silences' | 'acks' | 'locks' | 'hosts' | 'outbox' | 'received' | 'schedule' | 'control'

/** Who connects, where to, and what it needs there. */
export interface BusOptions extends NatsConfig {
  /** Also the name under which its endpoints are listed, and the last token of `ops.dead.<service>`. */
  service: string
  /** Plain, lower-cased host name. */
  host: string
  /** Unique to this run of the process. */
  instance: string
  version: string
  /** The default is `ops`. */
  namespace?: string | undefined
  /** Folder of the spool; null: events are not spooled, and publishEvent rejects when the bus stays away. */
  spoolDir: string | null
  /** The default is 64 MiB. */
  spoolMaxBytes?: number
  /** The default is 8 MiB. */
  ringMaxBytes?: number
  /** What must be there before this service is ready and anything is published. */
  needs: { streams: readonly StreamName[]; buckets: readonly BucketName[] }
}

export interface BusDeps {
  clock: Clock
  log: Logger
}

/** What must stand in everything that is published as an event. */
export interface Identified {
  readonly id: string
}

export type BusState = 'connecting' | 'connected' | 'disconnected' | 'closed'

/** What became of an event: the stream has it, or the spool on disk has it and it will be sent in order. */
export type Published = 'acknowledged' | 'spooled'

/** A message as it came: `seq` is its place in the stream. */
export interface RawMessage {
  readonly subject: string
  readonly data: Uint8Array
  readonly seq: number
  readonly redelivered: boolean
  readonly attempt: number
  /** When the stream took it, milliseconds since the epoch. */
  readonly receivedMs: number
}

export interface ConsumeOptions {
  stream: StreamName
  /** Durable name, unique to this work on this stream, `[A-Za-z0-9_-]`. */
  durable: string
  filter: string
  /** Messages handled at once; 1 keeps their order. */
  concurrency?: number
  /** After so many attempts a message is dead-lettered. */
  maxAttempts?: number
  /** Time without `working` after which the server hands the message to somebody else. */
  ackWaitMs?: number
  /** Where a durable that does not exist yet begins; the default is the beginning of the stream. */
  startAt?: 'beginning' | 'new'
  /** How long to wait before each further attempt; the last one counts for all that follow. */
  retryDelaysMs?: readonly number[]
  /**
   * Resolves when the effect and the state are persisted: then the message is acknowledged. Throws to retry or dead-letter, by `transient`.
   * The same message may come again, after a crash or a lost acknowledgement. `signal` is aborted some seconds after the reader was stopped.
   */
  handle(message: RawMessage, job: { working(): void; signal: AbortSignal }): Promise<void>
}

export interface FollowOptions {
  stream: StreamName
  /** Name of the reader, unique on this stream: `alerter-0`. A second reader of that name takes over. */
  name: string
  filter?: string
  /** Last sequence that the stored state contains; 0 for the beginning; 'new' for what comes from now on. */
  after: number | 'new'
  /** With `after: 0`: begins with the first message that the stream took at this time or later, milliseconds since the epoch. */
  startMs?: number
  /** What `Reader.incarnation` was when `after` was stored. It tells a stream made anew even when that has outgrown the checkpoint. */
  incarnation?: string | undefined
  /** Called one at a time, in order. Throwing stops nothing: the message is dead-lettered with the reason and the next follows. */
  handle(message: RawMessage): Promise<void> | void
  /** The stream no longer holds what lies between the checkpoint and `firstSeq`, or was made anew. */
  onGap?(gap: { afterSeq: number; firstSeq: number; reason: 'expired' | 'recreated' }): void
  /** Everything that was in the stream when the follower connected has been handled. Called after every (re)connect. */
  onCaughtUp?(seq: number): void
}

/** A running reader. `stop` finishes the message at hand and acknowledges it. */
export interface Reader {
  /** A checkpoint: everything up to it was handled. */
  readonly lastSeq: number
  /** Which making of the stream `lastSeq` counts in; followers only, and undefined until they were connected. */
  readonly incarnation?: string | undefined
  readonly handled: number
  readonly deadLettered: number
  /** Messages of the stream that are not handled yet, as far as known. */
  readonly pending: number
  stop(): Promise<void>
}

/** A right that only one holder has. `token` only ever grows: whoever acts for the lease shows it, and lower ones are refused. */
export interface Lease {
  readonly key: string
  readonly token: number
  /** Aborted when the lease is lost or released; check it right before each effect. */
  readonly signal: AbortSignal
  /** True while the lease certainly holds: by the monotonic clock, less than its TTL since the last renewal. */
  holds(): boolean
  release(): Promise<void>
}

export interface LeaseOptions {
  key: string
  /** `service@host`: a lease left behind by an earlier run of the same holder is taken over at once. */
  holder: string
  /**
   * How long to leave it to others while it is free, milliseconds; asked again at each try, with whether anybody was seen to have it since
   * the waiting began. The default is not at all.
   */
  patienceMs?: (wasHeld: boolean) => number
  signal?: AbortSignal
}

/** A stored value with its revision and schema version. */
export interface Versioned<T> {
  value: T
  revision: number
}

/** A KV bucket of JSON values, changed by compare-and-set. Values carry a schema version; older ones are migrated when read. */
export interface Bucket<T> {
  get(key: string): Promise<Versioned<T> | undefined>
  /** Revision 0 means: must not exist yet. Throws ConflictError `stale_revision` when somebody was faster. */
  put(key: string, value: T, revision: number): Promise<number>
  delete(key: string): Promise<void>
  entries(): AsyncIterable<[key: string, entry: Versioned<T>]>
  watch(onChange: (key: string, entry: Versioned<T> | undefined) => void): Promise<{ stop(): void }>
}

export interface BucketSchema<T> {
  version: number
  /** Throws ContractError when the value is none of ours; turns older versions into the present one. */
  read(value: unknown, version: number): T
}

export interface Endpoint {
  /** `ops.rpc.<service>[.<host>].<verb>` */
  verb: string
  description: string
  /** The reply, sent as JSON. A thrown NightshiftError becomes an error reply with its code. */
  handle(request: unknown): Promise<unknown>
}

export interface BusStats {
  reconnects: number
  metricsPublished: number
  /** Metrics in the ring, waiting for the bus. */
  ringMessages: number
  ringBytes: number
  metricsDropped: number
  eventsPublished: number
  spoolEvents: number
  spoolBytes: number
  /** Events given up when the full spool was compacted to the last transition of each subject, or was too full even so. */
  spoolCompacted: number
  /** Lines of the spool that were torn by a crash or damaged. */
  spoolDamaged: number
  deadLettered: number
  permissionErrors: number
}

/** One service's connection to NATS and everything it may do with it. Usable before the broker is: it connects for ever. */
export interface Bus {
  readonly namespace: string
  readonly state: BusState
  /** The live connection, or undefined while there is none. For `tap`, `doctor` and tests. */
  readonly connection: NatsConnection | undefined
  onState(listener: (state: BusState) => void): () => void
  /** Resolves when connected and every stream and bucket this service needs is there. */
  ready(signal?: AbortSignal): Promise<void>
  /** Never waits and never throws: without the bus the message goes to the ring, which drops the oldest. */
  publishMetric(subject: string, payload: object): void
  /** Published with its id and awaited; into the spool while the bus is away. Rejects only when the disk fails too, or the server refuses for good. */
  publishEvent(subject: string, event: Identified): Promise<Published>
  /** Progress: to whoever listens now, else nobody. */
  publishCore(subject: string, payload: object): void
  consume(options: ConsumeOptions): Reader
  follow(options: FollowOptions): Reader
  bucket<T>(name: BucketName, schema: BucketSchema<T>): Promise<Bucket<T>>
  kv(name: BucketName): Promise<KV>
  /** Waits until the lease is ours. */
  acquireLease(options: LeaseOptions): Promise<Lease>
  /** Answers requests, visible to `nats micro ls` under the service's name. */
  serve(endpoints: Endpoint[]): void
  /** Asks one endpoint. Throws BusError `no_responder` or `timeout` (transient), or the code of the error reply. */
  request<T>(subject: string, payload: unknown, timeoutMs?: number): Promise<T>
  /** What cannot be processed goes to `ops.dead.<service>`, counted. */
  deadLetter(
    message: { subject: string; data: Uint8Array; seq?: number; attempt?: number; receivedMs?: number },
    error: unknown,
    stream?: StreamName,
  ): Promise<void>
  stats(): BusStats
  /** Stops readers, flushes, drains, closes; within the deadline. What did not go out stays in the spool. */
  close(deadlineMs?: number): Promise<void>
}
