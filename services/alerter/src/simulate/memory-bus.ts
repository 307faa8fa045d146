import type {
  Bucket,
  BucketName,
  Bus,
  BusState,
  BusStats,
  Endpoint,
  FollowOptions,
  Identified,
  Lease,
  LeaseOptions,
  Published,
  RawMessage,
  Reader,
  StreamName,
} from '@nightshift/shared/bus/bus'
import { BusError } from '@nightshift/shared/errors'
import { MemoryBucket } from './memory-bucket.ts'

/** A message on its way to whoever follows its stream. */
export interface Recorded {
  readonly stream: StreamName
  readonly subject: string
  readonly data: Uint8Array
  readonly receivedMs: number
}

interface Stream {
  seq: number
  readonly kept: RawMessage[]
  readonly followers: Set<FollowOptions>
}

/** What stood in a stream before somebody followed it; more is not kept. */
const maxKept = 100_000

/**
 * A bus without a broker, for simulations: streams bring what is put into them, buckets live in memory, what is published goes to
 * `onPublished` and does not come back: of that the alerter reads only what died, and here nothing does.
 */
export class MemoryBus implements Bus {
  readonly namespace = 'ops'
  readonly state: BusState = 'connected'
  readonly connection = undefined
  /** What the readers could not take, each with its reason. */
  readonly dead: { subject: string; error: unknown }[] = []
  readonly #streams = new Map<StreamName, Stream>()
  readonly #buckets = new Map<BucketName, MemoryBucket<never>>()
  readonly #published = new Set<string>()
  readonly #onPublished: (subject: string, event: Identified) => void
  readonly #endpoints = new Map<string, Endpoint>()

  constructor(onPublished: (subject: string, event: Identified) => void) {
    this.#onPublished = onPublished
  }

  /** Puts a message into a stream before anybody follows it. */
  keep(recorded: Recorded): void {
    const { kept } = this.#stream(recorded.stream)
    const message = this.#store(recorded)
    if (kept.length < maxKept) kept.push(message)
  }

  /** Hands a message to its followers. Resolves when they are through with it. */
  deliver(recorded: Recorded): Promise<void> | void {
    const { followers } = this.#stream(recorded.stream)
    const message = this.#store(recorded)
    const waits = [...followers].flatMap((follower) => this.#hand(follower, message) ?? [])
    return waits.length === 0 ? undefined : Promise.all(waits).then(() => undefined)
  }

  onState(): () => void {
    return () => undefined
  }

  async ready(): Promise<void> {
    await Promise.resolve()
  }

  publishMetric(): void {}

  publishCore(): void {}

  async publishEvent(subject: string, event: Identified): Promise<Published> {
    if (!this.#published.has(event.id)) {
      this.#published.add(event.id)
      this.#onPublished(subject, event)
    }
    return await Promise.resolve('acknowledged')
  }

  consume(): Reader {
    throw notHere('durable consumers')
  }

  follow(options: FollowOptions): Reader {
    const stream = this.#stream(options.stream)
    const after = options.after === 'new' ? stream.seq : options.after
    const past = stream.kept.filter(({ seq, receivedMs }) => seq > after && receivedMs >= (options.startMs ?? 0))
    let isStopped = false
    const begin = async (): Promise<void> => {
      for (const message of past) if (!isStopped) await this.#hand(options, message)
      if (isStopped) return
      stream.followers.add(options)
      options.onCaughtUp?.(stream.seq)
    }
    void begin()
    return {
      get lastSeq() {
        return stream.seq
      },
      incarnation: 'simulation',
      handled: 0,
      deadLettered: 0,
      pending: 0,
      stop: async () => {
        isStopped = true
        stream.followers.delete(options)
        await Promise.resolve()
      },
    }
  }

  async bucket<T>(name: BucketName): Promise<Bucket<T>> {
    let bucket = this.#buckets.get(name)
    if (bucket === undefined) this.#buckets.set(name, (bucket = new MemoryBucket()))
    return await Promise.resolve(bucket as unknown as Bucket<T>)
  }

  kv(): ReturnType<Bus['kv']> {
    return Promise.reject(notHere('raw buckets'))
  }

  async acquireLease({ key }: LeaseOptions): Promise<Lease> {
    const { signal } = new AbortController()
    return await Promise.resolve({ key, token: 1, signal, holds: () => true, release: async () => await Promise.resolve() })
  }

  serve(endpoints: Endpoint[]): void {
    for (const endpoint of endpoints) this.#endpoints.set(endpoint.verb, endpoint)
  }

  /** Asks an endpoint that was served here. `subject` ends with its verb. */
  async request<T>(subject: string, payload: unknown): Promise<T> {
    const endpoint = this.#endpoints.get(subject.split('.').at(-1) ?? '')
    if (endpoint === undefined) throw new BusError('no_responder', `nobody answers ${subject}`)
    return (await endpoint.handle(payload)) as T
  }

  async deadLetter({ subject }: { subject: string }, error: unknown): Promise<void> {
    this.dead.push({ subject, error })
    await Promise.resolve()
  }

  stats(): BusStats {
    const none = { reconnects: 0, metricsPublished: 0, ringMessages: 0, ringBytes: 0, metricsDropped: 0, spoolEvents: 0, spoolBytes: 0 }
    return {
      ...none,
      spoolCompacted: 0,
      spoolDamaged: 0,
      permissionErrors: 0,
      eventsPublished: this.#published.size,
      deadLettered: this.dead.length,
    }
  }

  async close(): Promise<void> {
    await Promise.resolve()
  }

  #stream(name: StreamName): Stream {
    let stream = this.#streams.get(name)
    if (stream === undefined) this.#streams.set(name, (stream = { seq: 0, kept: [], followers: new Set() }))
    return stream
  }

  #store({ stream, subject, data, receivedMs }: Recorded): RawMessage {
    return { subject, data, seq: ++this.#stream(stream).seq, redelivered: false, attempt: 1, receivedMs }
  }

  #hand(follower: FollowOptions, message: RawMessage): Promise<void> | void {
    const fail = (error: unknown): void => void this.dead.push({ subject: message.subject, error })
    if (follower.filter !== undefined && !isIn(follower.filter, message.subject)) return undefined
    try {
      return follower.handle(message)?.catch(fail)
    } catch (error) {
      fail(error)
    }
    return undefined
  }
}

function isIn(filter: string, subject: string): boolean {
  const tokens = subject.split('.')
  const wanted = filter.split('.')
  if (wanted.at(-1) === '>') return wanted.slice(0, -1).every((token, index) => token === '*' || token === tokens[index])
  return wanted.length === tokens.length && wanted.every((token, index) => token === '*' || token === tokens[index])
}

function notHere(what: string): BusError {
  return new BusError('simulated', `${what} are not part of a simulation`)
}
