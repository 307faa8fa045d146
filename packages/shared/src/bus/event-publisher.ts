import { setTimeout as sleep } from 'node:timers/promises'
import { BusError, ContractError, describeError, type NightshiftError } from '../errors.ts'
import { parseSubject } from '../subjects.ts'
import type { BusDeps, Identified, Published } from './bus.ts'
import type { Link } from './link.ts'
import { unlessBroken } from './live.ts'
import { refusal } from './refusal.ts'
import type { SpoolRecord } from './spool-record.ts'
import type { Spool } from './spool.ts'
import { streamOf } from './streams.ts'

/** How long one attempt waits for the answer of the stream. */
const ackTimeoutMs = 1000
/** How long a new event is tried before it goes to the spool; without a spool, before it is refused. */
const budgetMs = 2000
const budgetWithoutSpoolMs = 20_000
const firstRetryMs = 50
const slowestRetryMs = 250
const slowestReplayMs = 1000
/** What may wait to be published or spooled. */
const maxQueued = 10_000
const maxQueuedBytes = 32 * 1024 * 1024
/** What goes to disk with one sync. */
const spoolBatch = 256
const spoolBatchBytes = 256 * 1024
const idPattern = /^[\x21-\x7e]{1,64}$/

interface Queued extends SpoolRecord {
  readonly queuedMs: number
  resolve(outcome: Published): void
  reject(error: unknown): void
}

interface Parts {
  link: Link
  deps: BusDeps
  namespace: string
  /** Absent: nothing is spooled. */
  openSpool: (() => Promise<Spool>) | undefined
  /** The server will never take this event of the spool. */
  onRefused: (record: SpoolRecord, error: NightshiftError) => void
}

/**
 * Publishes one after the other, in order: straight to the stream while that works, else through the spool, and through the spool as long
 * as anything is in it. The id stays the same however often an event is sent, so that the server drops the copies.
 */
export class EventPublisher {
  published = 0
  spool: Spool | undefined
  private readonly queue: Queued[] = []
  private queuedBytes = 0
  private replayFailures = 0
  private replayAtMs = 0
  private wake = Promise.withResolvers<void>()
  private closeAtMs: number | undefined
  private readonly parts: Parts
  private readonly running: Promise<void>

  constructor(parts: Parts) {
    this.parts = parts
    parts.link.onReady(() => {
      this.replayAtMs = 0
      this.wake.resolve()
    })
    this.running = this.run()
  }

  publish(subject: string, event: Identified): Promise<Published> {
    const { promise, resolve, reject } = Promise.withResolvers<Published>()
    try {
      const data = this.encode(subject, event)
      this.queue.push({ id: event.id, subject, data, queuedMs: this.nowMs(), resolve, reject })
      this.queuedBytes += data.length
      this.wake.resolve()
    } catch (error) {
      reject(error)
    }
    return promise
  }

  /** What is queued goes out or into the spool within the deadline; what is in the spool stays for the next run. */
  async close(deadlineMs: number): Promise<void> {
    this.closeAtMs ??= this.nowMs() + deadlineMs
    this.wake.resolve()
    await this.running
  }

  private encode(subject: string, event: Identified): Uint8Array {
    if (this.closeAtMs !== undefined) throw new BusError('bus_closed', 'the bus was closed')
    const address = parseSubject(subject, this.parts.namespace)
    if (address === undefined || streamOf(address.kind) === undefined)
      throw new ContractError('bad_subject', `${subject} belongs to no stream`)
    if (!idPattern.test(event.id)) throw new ContractError('bad_event', `an event on ${subject} has no usable id`)
    const data = new TextEncoder().encode(JSON.stringify(event))
    if (this.queue.length >= maxQueued || this.queuedBytes + data.length > maxQueuedBytes) {
      throw new BusError('publish_queue_full', 'events come faster than they can be published or spooled', { transient: true })
    }
    return data
  }

  private async run(): Promise<void> {
    const { log } = this.parts.deps
    let failing = false
    for (;;) {
      try {
        if (this.spool === undefined && !failing) this.spool = await this.parts.openSpool?.()
        if (this.queue.length > 0) await this.takeNext()
        else if (this.closeAtMs !== undefined) break
        else if (this.spool && this.spool.length > 0 && this.parts.link.ready) await this.replayNext(this.spool)
        else await this.sleepUntilWoken()
        failing = false
      } catch (error) {
        log.error({ error: describeError(error) }, 'the spool fails; events are published without it while the bus is there')
        failing = true
        this.replayAtMs = this.nowMs() + slowestReplayMs
      }
    }
    await this.spool?.close().catch((error: unknown) => log.error({ error: describeError(error) }, 'cannot close the spool'))
  }

  private async takeNext(): Promise<void> {
    const { spool } = this
    const [next] = this.queue
    if (next === undefined) return
    if (spool && (spool.length > 0 || !this.parts.link.ready)) return await this.spoolQueued(spool)
    const error = await this.attempt(next)
    if (error?.transient && spool) return await this.spoolQueued(spool)
    this.queue.shift()
    this.queuedBytes -= next.data.length
    if (error) return next.reject(error)
    this.published++
    next.resolve('acknowledged')
  }

  /** Tries until the budget is used up. Resolves with why it did not work, or with undefined. */
  private async attempt(next: Queued): Promise<NightshiftError | undefined> {
    const budgetEndMs = this.spool ? this.nowMs() + budgetMs : next.queuedMs + budgetWithoutSpoolMs
    const endMs = Math.min(budgetEndMs, this.closeAtMs ?? Infinity)
    for (let retryMs = firstRetryMs; ; retryMs = Math.min(retryMs * 2, slowestRetryMs)) {
      const error = await this.send(next)
      if (error === undefined || !error.transient) return error
      if (this.nowMs() + retryMs >= endMs || (this.spool && !this.parts.link.ready)) return error
      await sleep(retryMs)
    }
  }

  private async send({ id, subject, data }: SpoolRecord): Promise<NightshiftError | undefined> {
    const live = this.parts.link.ready
    if (live === undefined) return new BusError('bus_away', 'the bus is away', { transient: true })
    try {
      await unlessBroken(live, live.js.publish(subject, data, { msgID: id, timeout: ackTimeoutMs }))
      return undefined
    } catch (error) {
      return refusal(error)
    }
  }

  private async spoolQueued(spool: Spool): Promise<void> {
    let bytes = 0
    const tooMany = this.queue.findIndex((queued, index) => {
      bytes += queued.data.length
      return index === spoolBatch || (index > 0 && bytes > spoolBatchBytes)
    })
    const batch = this.queue.splice(0, tooMany === -1 ? this.queue.length : tooMany)
    for (const queued of batch) this.queuedBytes -= queued.data.length
    try {
      await spool.append(batch)
    } catch (error) {
      for (const queued of batch) queued.reject(error)
      throw error
    }
    for (const queued of batch) queued.resolve('spooled')
  }

  private async replayNext(spool: Spool): Promise<void> {
    const waitMs = this.replayAtMs - this.nowMs()
    if (waitMs > 0) return await this.sleepUntilWoken(waitMs)
    const record = await spool.peek()
    if (record === undefined) return
    const error = await this.send(record)
    if (error?.transient) {
      this.replayAtMs = this.nowMs() + Math.min(firstRetryMs * 2 ** this.replayFailures++, slowestReplayMs)
      return
    }
    this.replayFailures = 0
    await spool.advance()
    if (error) this.parts.onRefused(record, error)
    else this.published++
  }

  private async sleepUntilWoken(ms?: number): Promise<void> {
    const timer = ms === undefined ? undefined : setTimeout(() => this.wake.resolve(), ms)
    await this.wake.promise
    clearTimeout(timer)
    this.wake = Promise.withResolvers()
  }

  private nowMs(): number {
    return this.parts.deps.clock.monotonicMs()
  }
}
