import { createInbox, nanos, type Msg } from '@nats-io/transport-node'
import type { Clock } from '../clock.ts'
import { toDelivery, type Delivery } from './delivery.ts'
import type { Live } from './live.ts'

/** Why a pull came to its end: the connection broke, the consumer is gone, nothing was heard for too long, the server refuses, or we stopped it. */
type PullEnd = 'broken' | 'gone' | 'silent' | 'refused' | 'stopped'

interface PullOptions {
  stream: string
  consumer: string
  /** Messages asked for and not yet released: the bound of what is in memory. */
  capacity: number
  /** Bytes of one request; no further one is made while half as many are held. Must hold the largest message. */
  maxBytes?: number
  onDelivery(delivery: Delivery): void
  /** Nothing to hand out just now. `deliverySeq` is the last that was; undefined when the server does not say. */
  onIdle?(deliverySeq: number | undefined): void
  clock: Clock
}

const expiresMs = 30_000
const heartbeatMs = 5000
/** Without a sign of life for so long the request is taken for lost: the server never answers one for a consumer that it does not know (M). */
const silenceMs = 1.6 * heartbeatMs
const listenEveryMs = 1000

/**
 * Asks a pull consumer for messages, again and again, as long as there is room for them. Knows one connection and one consumer; when either
 * is lost it ends, and its owner binds anew.
 */
export class Pull {
  readonly ended: Promise<PullEnd>
  private readonly end: (reason: PullEnd) => void
  private done = false
  private paused = false
  private requested = 0
  private held = 0
  private heldBytes = 0
  private heardMs: number
  private readonly live: Live
  private readonly options: PullOptions
  private readonly inbox: string
  private readonly unsubscribe: () => void
  private readonly timer: NodeJS.Timeout

  constructor(live: Live, inboxPrefix: string, options: PullOptions) {
    this.live = live
    this.options = options
    this.inbox = createInbox(inboxPrefix)
    this.heardMs = options.clock.monotonicMs()
    const { promise, resolve } = Promise.withResolvers<PullEnd>()
    this.ended = promise
    this.end = resolve
    const subscription = live.nc.subscribe(this.inbox, {
      callback: (error, message) => (error ? this.finish('refused') : this.receive(message)),
    })
    this.unsubscribe = () => {
      if (!live.nc.isClosed() && !subscription.isClosed()) subscription.unsubscribe()
    }
    this.timer = setInterval(() => this.listen(), listenEveryMs)
    live.broken.addEventListener('abort', this.onBroken, { once: true })
    if (live.broken.aborted) this.finish('broken')
    else this.ask()
  }

  /** A message is done with: there is room for another. */
  release(delivery: Delivery): void {
    this.held--
    this.heldBytes -= delivery.data.length
    this.ask()
  }

  /** Asks for nothing more; what is on its way still comes. */
  pause(): void {
    this.paused = true
  }

  stop(): void {
    this.finish('stopped')
  }

  private readonly onBroken = (): void => this.finish('broken')

  private finish(reason: PullEnd): void {
    if (this.done) return
    this.done = true
    clearInterval(this.timer)
    this.live.broken.removeEventListener('abort', this.onBroken)
    this.unsubscribe()
    this.end(reason)
  }

  private ask(): void {
    const { capacity, maxBytes, stream, consumer, clock } = this.options
    if (this.done || this.paused || this.requested + this.held > capacity / 2 || this.heldBytes > (maxBytes ?? Infinity) / 2) return
    const batch = capacity - this.requested - this.held
    if (this.requested === 0) this.heardMs = clock.monotonicMs()
    this.requested += batch
    const request = {
      batch,
      expires: nanos(expiresMs),
      idle_heartbeat: nanos(heartbeatMs),
      ...(maxBytes !== undefined && { max_bytes: maxBytes }),
    }
    try {
      this.live.nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, JSON.stringify(request), { reply: this.inbox })
    } catch {
      this.finish('broken')
    }
  }

  private receive(message: Msg): void {
    if (this.done) return
    this.heardMs = this.options.clock.monotonicMs()
    const delivery = toDelivery(message)
    if (delivery === undefined) return this.heed(message)
    this.requested--
    this.held++
    this.heldBytes += delivery.data.length
    this.options.onDelivery(delivery)
    this.ask()
  }

  /** What the server says instead of a message (ADR-37). */
  private heed(message: Msg): void {
    const code = message.headers?.code ?? 0
    const description = message.headers?.description.toLowerCase() ?? ''
    const leftOver = Number(message.headers?.get('Nats-Pending-Messages'))
    if (code === 100) {
      const last = message.headers?.get('Nats-Last-Consumer') ?? ''
      this.options.onIdle?.(last === '' ? undefined : Number(last))
    } else if (
      code === 404 ||
      code === 408 ||
      (code === 409 && (description.includes('maxbytes') || description.includes('batch completed')))
    ) {
      this.requested = leftOver > 0 ? Math.max(0, this.requested - leftOver) : 0
      if (code !== 409) this.options.onIdle?.(undefined)
      this.ask()
    } else {
      this.finish(code === 400 || description.includes('push based') ? 'refused' : 'gone')
    }
  }

  private listen(): void {
    if (this.requested > 0 && !this.paused && this.options.clock.monotonicMs() - this.heardMs > silenceMs) this.finish('silent')
  }
}
