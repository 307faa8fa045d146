import type { KV } from '@nats-io/kv'
import type { NatsConnection } from '@nats-io/transport-node'
import { describeError, type NightshiftError } from '../errors.ts'
import { defaultNamespace, hostToken } from '../subjects.ts'
import { JsonBucket, openKv } from './bucket.ts'
import { BucketWatch } from './bucket-watch.ts'
import type {
  Bucket,
  BucketName,
  BucketSchema,
  Bus,
  BusDeps,
  BusOptions,
  BusState,
  BusStats,
  ConsumeOptions,
  Endpoint,
  FollowOptions,
  Identified,
  Lease,
  LeaseOptions,
  Published,
  Reader,
  StreamName,
} from './bus.ts'
import { inboxPrefix } from './connect.ts'
import { Consumption } from './consume.ts'
import { deadEvent, type Undeliverable } from './dead-letter.ts'
import { EventPublisher } from './event-publisher.ts'
import { Following } from './follow.ts'
import { acquireLease } from './lease.ts'
import { Link } from './link.ts'
import { MetricPublisher } from './metric-publisher.ts'
import { request, RpcServer } from './rpc.ts'
import { Spool } from './spool.ts'
import type { SpoolRecord } from './spool-record.ts'
import { bucketId, streamId } from './streams.ts'

const defaultSpoolBytes = 64 * 1024 * 1024
const defaultRingBytes = 8 * 1024 * 1024
const defaultRequestTimeoutMs = 5000
const defaultCloseDeadlineMs = 4000

/** Opens the bus. Returns at once: it connects in the background, for ever, and until then metrics go to the ring and events to the spool. */
export function openBus(options: BusOptions, deps: BusDeps): Bus {
  return new NatsBus(options, deps)
}

class NatsBus implements Bus {
  readonly namespace: string
  private deadLetters = 0
  private readonly link: Link
  private readonly metrics: MetricPublisher
  private readonly events: EventPublisher
  private readonly rpc: RpcServer
  private readonly readers = new Set<{ stop(): Promise<void> }>()
  private readonly leases = new Set<Lease>()
  private readonly leasesHeld = new Set<string>()
  private watches = 0
  private closing: Promise<void> | undefined
  private readonly options: BusOptions
  private readonly deps: BusDeps

  constructor(options: BusOptions, deps: BusDeps) {
    this.options = options
    this.deps = deps
    this.namespace = options.namespace ?? defaultNamespace
    this.link = new Link(options, deps)
    this.metrics = new MetricPublisher(this.link, deps, options.ringMaxBytes ?? defaultRingBytes)
    const { spoolDir, spoolMaxBytes = defaultSpoolBytes } = options
    this.events = new EventPublisher({
      link: this.link,
      deps,
      namespace: this.namespace,
      openSpool: spoolDir === null ? undefined : () => Spool.open(spoolDir, spoolMaxBytes, deps.log),
      onRefused: (record, error) => void this.buryEvent(record, error),
    })
    this.rpc = new RpcServer({ link: this.link, deps, options, namespace: this.namespace })
  }

  get state(): BusState {
    return this.link.state
  }

  get connection(): NatsConnection | undefined {
    return this.link.live?.nc
  }

  onState(listener: (state: BusState) => void): () => void {
    return this.link.onState(listener)
  }

  async ready(signal?: AbortSignal): Promise<void> {
    await this.link.untilReady(signal)
  }

  publishMetric(subject: string, payload: object): void {
    this.metrics.publish(subject, payload)
  }

  publishEvent(subject: string, event: Identified): Promise<Published> {
    return this.events.publish(subject, event)
  }

  publishCore(subject: string, payload: object): void {
    this.metrics.publishNow(subject, payload)
  }

  consume(options: ConsumeOptions): Reader {
    const reader = new Consumption(options, this.readerParts(options.stream))
    return this.keep(reader)
  }

  follow(options: FollowOptions): Reader {
    const reader = new Following(options, this.readerParts(options.stream))
    return this.keep(reader)
  }

  async bucket<T>(name: BucketName, schema: BucketSchema<T>): Promise<Bucket<T>> {
    await this.link.untilReady()
    const bucket = bucketId(name, this.namespace)
    return new JsonBucket(schema, {
      bucket,
      live: () => this.link.mustBeLive(),
      watch: async (onChange) => {
        const { service, host } = this.options
        const nth = this.watches++
        const watch = new BucketWatch({
          ...this.readerParts('EVENTS'),
          bucket,
          name: `watch-${service}-${hostToken(host)}${nth === 0 ? '' : `-${nth}`}`,
          onChange,
          deadLetter: (message, error) => this.bury(message, error, `KV_${bucket}`),
        })
        this.readers.add(watch)
        await watch.started
        return { stop: () => void this.release(watch) }
      },
    })
  }

  async kv(name: BucketName): Promise<KV> {
    return await openKv(await this.link.untilReady(), bucketId(name, this.namespace))
  }

  async acquireLease(options: LeaseOptions): Promise<Lease> {
    const { link, deps, namespace, leasesHeld: heldBefore } = this
    const lease = await acquireLease(options, { link, deps, namespace, heldBefore })
    this.leases.add(lease)
    lease.signal.addEventListener('abort', () => this.leases.delete(lease), { once: true })
    return lease
  }

  serve(endpoints: Endpoint[]): void {
    this.rpc.serve(endpoints)
  }

  request<T>(subject: string, payload: unknown, timeoutMs: number = defaultRequestTimeoutMs): Promise<T> {
    return request(() => this.link.mustBeLive(), subject, payload, timeoutMs)
  }

  async deadLetter(message: Undeliverable, error: unknown, stream?: StreamName): Promise<void> {
    await this.bury(message, error, stream === undefined ? null : streamId(stream, this.namespace))
  }

  stats(): BusStats {
    const { spool } = this.events
    return {
      reconnects: this.link.reconnects,
      metricsPublished: this.metrics.published,
      ringMessages: this.metrics.ringMessages,
      ringBytes: this.metrics.ringBytes,
      metricsDropped: this.metrics.dropped,
      eventsPublished: this.events.published,
      spoolEvents: spool?.length ?? 0,
      spoolBytes: spool?.bytes ?? 0,
      spoolCompacted: (spool?.compacted ?? 0) + (spool?.dropped ?? 0),
      spoolDamaged: spool?.damaged ?? 0,
      deadLettered: this.deadLetters,
      permissionErrors: this.link.permissionErrors,
    }
  }

  close(deadlineMs: number = defaultCloseDeadlineMs): Promise<void> {
    this.closing ??= this.shutDown(deadlineMs)
    return this.closing
  }

  /** Readers first, for their last effects are events; the connection last. Each step has its share of the time that is left. */
  private async shutDown(deadlineMs: number): Promise<void> {
    const endMs = this.deps.clock.monotonicMs() + deadlineMs
    const leftMs = (): number => Math.max(0, endMs - this.deps.clock.monotonicMs())
    const within = async (shareMs: number, work: Promise<unknown>): Promise<void> => {
      const { promise: tooLong, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, shareMs)
      await Promise.race([work, tooLong]).catch((error: unknown) =>
        this.deps.log.warn({ error: describeError(error) }, 'the bus did not close cleanly'),
      )
      clearTimeout(timer)
    }
    await within(leftMs() * 0.7, Promise.allSettled([this.rpc.stop(), ...[...this.readers].map((reader) => reader.stop())]))
    await within(leftMs() * 0.4, Promise.allSettled([...this.leases].map((lease) => lease.release())))
    await within(leftMs() * 0.8, this.events.close(leftMs() * 0.6))
    await within(leftMs() * 0.5, this.metrics.flush(leftMs() * 0.5))
    await this.link.close(leftMs())
  }

  private readerParts(stream: StreamName) {
    const { link, deps } = this
    const id = streamId(stream, this.namespace)
    const prefix = inboxPrefix(this.options.service, this.options.host)
    return {
      link,
      deps,
      inboxPrefix: prefix,
      stream: id,
      deadLetter: (message: Undeliverable, error: unknown) => this.bury(message, error, id),
    }
  }

  private keep<R extends Reader>(reader: R): Reader {
    this.readers.add(reader)
    return reader
  }

  private async release(reader: { stop(): Promise<void> }): Promise<void> {
    await reader.stop()
    this.readers.delete(reader)
  }

  private async bury(message: Undeliverable, error: unknown, stream: string | null): Promise<void> {
    const { service, host } = this.options
    const event = deadEvent(message, error, { service, source: `${service}@${host}`, stream }, this.deps.clock)
    this.deadLetters++
    await this.events.publish(`${this.namespace}.dead.${service}`, event)
  }

  /** An event of the spool that the server will never take. A dead letter that cannot be sent is only logged, else it would never end. */
  private async buryEvent(record: SpoolRecord, error: NightshiftError): Promise<void> {
    this.deps.log.error(
      { code: error.code, subject: record.subject, event_id: record.id, error: describeError(error) },
      'the bus will never take this event',
    )
    if (record.subject.startsWith(`${this.namespace}.dead.`)) return
    await this.bury(record, error, null).catch((failure: unknown) =>
      this.deps.log.error({ error: describeError(failure) }, 'a dead letter is lost'),
    )
  }
}
