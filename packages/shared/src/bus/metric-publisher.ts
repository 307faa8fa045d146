import { setTimeout as sleep } from 'node:timers/promises'
import { describeError } from '../errors.ts'
import type { BusDeps } from './bus.ts'
import type { Link } from './link.ts'
import type { Live } from './live.ts'
import { MessageRing, type RingMessage } from './message-ring.ts'
import { Once } from './once.ts'

/** What may be on its way to the server before it has answered a ping: a server that hangs must not fill our memory. */
const windowBytes = 1024 * 1024
const confirmEveryBytes = 64 * 1024
/** Replay after an outage: 2000 messages a second and host at most, so that a fleet that comes back does not flood the bus. */
const replayBatch = 100
const replayPauseMs = 50

/**
 * Publishes without waiting. What cannot go out goes to a ring that drops the oldest: nothing is handed to the client while it is
 * disconnected, for it would pile up there and then be thrown away without an error. Metrics may be lost, but never out of order.
 */
export class MetricPublisher {
  published = 0
  /** Given up because they could not be written as JSON or were larger than the server takes. */
  private refused = 0
  private readonly ring: MessageRing
  private unconfirmedBytes = 0
  private confirming = false
  private replaying = false
  private readonly complaints = new Once()
  private readonly link: Link
  private readonly deps: BusDeps

  constructor(link: Link, deps: BusDeps, ringMaxBytes: number) {
    this.link = link
    this.deps = deps
    this.ring = new MessageRing(ringMaxBytes)
    link.onReady(() => {
      this.unconfirmedBytes = 0
      this.confirming = false
      void this.replay()
    })
  }

  get ringMessages(): number {
    return this.ring.length
  }

  get ringBytes(): number {
    return this.ring.bytes
  }

  get dropped(): number {
    return this.ring.dropped + this.refused
  }

  publish(subject: string, payload: object): void {
    if (this.link.closed.aborted) return
    const data = this.encode(subject, payload)
    if (data === undefined) return
    const message = { subject, data }
    const live = this.link.ready
    if (live && this.ring.length === 0 && this.unconfirmedBytes < windowBytes) this.sendMetric(live, message)
    else this.ring.push(message)
  }

  /** To whoever listens now; when nobody can be reached it is gone. */
  publishNow(subject: string, payload: object): void {
    const live = this.link.live
    if (live === undefined || this.unconfirmedBytes >= windowBytes) return
    const data = this.encode(subject, payload)
    if (data !== undefined) this.send(live, { subject, data })
  }

  /** Sends what is left in the ring while there is a connection, and time. */
  async flush(deadlineMs: number): Promise<void> {
    const endMs = this.deps.clock.monotonicMs() + deadlineMs
    while (this.link.ready && this.ring.length > 0 && this.deps.clock.monotonicMs() < endMs) await sleep(10)
  }

  private encode(subject: string, payload: object): Uint8Array | undefined {
    try {
      return new TextEncoder().encode(JSON.stringify(payload))
    } catch (error) {
      this.refuse(subject, error)
      return undefined
    }
  }

  private sendMetric(live: Live, message: RingMessage): void {
    if (this.send(live, message)) this.published++
  }

  /** False when the client does not take it: it is too large. */
  private send(live: Live, message: RingMessage): boolean {
    try {
      live.nc.publish(message.subject, message.data)
    } catch (error) {
      this.refuse(message.subject, error)
      return false
    }
    this.unconfirmedBytes += message.data.byteLength
    if (!this.confirming && this.unconfirmedBytes >= confirmEveryBytes) void this.confirm(live)
    return true
  }

  /** A ping behind what was sent: its answer says that the server has read it. */
  private async confirm(live: Live): Promise<void> {
    this.confirming = true
    const coveredBytes = this.unconfirmedBytes
    try {
      await live.nc.flush()
    } catch {
      return
    }
    if (this.link.ready !== live) return
    this.confirming = false
    this.unconfirmedBytes -= coveredBytes
    if (this.ring.length > 0) void this.replay()
  }

  private async replay(): Promise<void> {
    if (this.replaying) return
    this.replaying = true
    try {
      for (let live = this.link.ready; live && this.ring.length > 0; live = this.link.ready) {
        for (let sent = 0; sent < replayBatch && this.unconfirmedBytes < windowBytes; sent++) {
          const message = this.ring.shift()
          if (message === undefined) break
          this.sendMetric(live, message)
        }
        if (this.unconfirmedBytes >= windowBytes) return
        if (this.ring.length > 0) await sleep(replayPauseMs)
      }
    } finally {
      this.replaying = false
    }
  }

  private refuse(subject: string, error: unknown): void {
    this.refused++
    if (this.complaints.first(subject))
      this.deps.log.error({ subject, error: describeError(error) }, 'a metric cannot be published and is dropped')
  }
}
