import { setTimeout as sleep } from 'node:timers/promises'
import { nanos } from '@nats-io/transport-node'
import { BusError, describeError, isTransient } from '../errors.ts'
import type { BusDeps, ConsumeOptions, Reader } from './bus.ts'
import type { Delivery } from './delivery.ts'
import { DurableConsumer } from './durable-consumer.ts'
import type { Link } from './link.ts'
import { unlessBroken, type Live } from './live.ts'
import { Once } from './once.ts'
import { Pull } from './pull.ts'
import { refusal } from './refusal.ts'
import { SeenIds } from './seen-ids.ts'

const defaultMaxAttempts = 5
const defaultRetryDelaysMs = [1000, 5000, 30_000, 120_000, 600_000]
const ackTimeoutMs = 1000
/** More than a server at full speed can forget. */
const remembered = 10_000
const rebindWaitMs = 500
/** How long a stopped reader lets its handlers finish before it aborts their signal. */
const stopGraceMs = 2000

interface Parts {
  link: Link
  deps: BusDeps
  inboxPrefix: string
  /** The stream's name on the server. */
  stream: string
  deadLetter: (message: Delivery, error: unknown) => Promise<void>
}

interface Job {
  /** Where to acknowledge: the address of the latest delivery of the message. */
  reply: string
}

/** Tells a message also from one that has its sequence in a stream made anew. */
function identity(delivery: Delivery): string {
  return `${delivery.seq} ${delivery.receivedMs}`
}

/** A durable reader: each message is acknowledged after its handler is done, whichever process or connection that takes. */
export class Consumption implements Reader {
  lastSeq = 0
  handled = 0
  deadLettered = 0
  private left = 0
  private pull: Pull | undefined
  /** Messages at hand, by sequence. */
  private readonly jobs = new Map<number, Job>()
  /** What was handled last: when it comes again it is only acknowledged. */
  private readonly done = new SeenIds(remembered)
  private readonly stopping = new AbortController()
  private readonly aborting = new AbortController()
  private readonly complaints = new Once()
  private idle = Promise.withResolvers<void>()
  private readonly consumer: DurableConsumer
  private readonly options: ConsumeOptions
  private readonly parts: Parts
  private readonly running: Promise<void>

  constructor(options: ConsumeOptions, parts: Parts) {
    this.consumer = new DurableConsumer(parts.stream, options)
    this.options = options
    this.parts = parts
    this.running = this.run()
  }

  get pending(): number {
    return this.left + this.jobs.size
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    this.pull?.pause()
    const grace = setTimeout(() => this.aborting.abort(), stopGraceMs)
    while (this.jobs.size > 0) await this.idle.promise
    clearTimeout(grace)
    this.pull?.stop()
    await this.running
  }

  private async run(): Promise<void> {
    const { link, deps, inboxPrefix, stream } = this.parts
    const { signal } = this.stopping
    while (!signal.aborted) {
      try {
        const live = await link.untilReady(signal)
        await unlessBroken(live, this.bind(live))
        if (signal.aborted) return
        this.pull = new Pull(live, inboxPrefix, {
          stream,
          consumer: this.options.durable,
          capacity: this.options.concurrency ?? 1,
          onDelivery: (delivery) => void this.take(delivery),
          clock: deps.clock,
        })
        this.complaints.forget()
        const end = await this.pull.ended
        deps.log.debug({ stream, durable: this.options.durable, end }, 'the reader lost its consumer; binding again')
      } catch (error) {
        if (signal.aborted || link.closed.aborted) return
        this.complain(error)
      }
      await sleep(rebindWaitMs, undefined, { signal }).catch(() => undefined)
    }
  }

  private async bind({ jsm, broken }: Live): Promise<void> {
    const slack = (this.options.concurrency ?? 1) === 1 ? 0 : remembered
    const { pending, isAnotherStream } = await this.consumer.claim(jsm, { lastSeq: this.lastSeq, slack })
    broken.throwIfAborted()
    if (isAnotherStream) this.lastSeq = 0
    this.left = pending
  }

  private async take(delivery: Delivery): Promise<void> {
    this.left = delivery.pending
    const pull = this.pull
    const known = this.jobs.get(delivery.seq)
    if (known) {
      known.reply = delivery.reply
      pull?.release(delivery)
      return
    }
    const job: Job = { reply: delivery.reply }
    if (this.stopping.signal.aborted) {
      this.answer(job, '-NAK')
      return
    }
    this.jobs.set(delivery.seq, job)
    try {
      await this.work(delivery, job)
    } catch (error) {
      this.complain(error)
    } finally {
      this.jobs.delete(delivery.seq)
      this.idle.resolve()
      this.idle = Promise.withResolvers()
      pull?.release(delivery)
    }
  }

  private async work(delivery: Delivery, job: Job): Promise<void> {
    const { maxAttempts = defaultMaxAttempts } = this.options
    if (this.done.has(identity(delivery))) return await this.acknowledge(job)
    if (delivery.attempt > maxAttempts) return await this.bury(delivery, job, tooManyAttempts(maxAttempts))
    try {
      await this.options.handle(delivery, { working: () => this.answer(job, '+WPI'), signal: this.aborting.signal })
    } catch (error) {
      if (!isTransient(error)) return await this.bury(delivery, job, error)
      if (delivery.attempt >= maxAttempts) return await this.bury(delivery, job, tooManyAttempts(maxAttempts, error))
      return this.retryLater(delivery, job, error)
    }
    this.handled++
    this.remember(delivery)
    await this.acknowledge(job)
  }

  /** Only what is surely in the stream of the dead, or on its way there from disk, is taken out of this one. */
  private async bury(delivery: Delivery, job: Job, error: unknown): Promise<void> {
    try {
      await this.parts.deadLetter(delivery, error)
    } catch (failure) {
      return this.retryLater(delivery, job, failure)
    }
    this.deadLettered++
    this.remember(delivery)
    this.answer(job, '+TERM')
  }

  private retryLater(delivery: Delivery, job: Job, error: unknown): void {
    const { retryDelaysMs = defaultRetryDelaysMs } = this.options
    const delayMs = this.stopping.signal.aborted ? 0 : (retryDelaysMs[Math.min(delivery.attempt, retryDelaysMs.length) - 1] ?? 0)
    this.parts.deps.log.warn(
      {
        subject: delivery.subject,
        stream_seq: delivery.seq,
        attempt: delivery.attempt,
        delay_seconds: delayMs / 1000,
        error: describeError(error),
      },
      'could not handle a message; it will be tried again',
    )
    this.answer(job, delayMs === 0 ? '-NAK' : `-NAK ${JSON.stringify({ delay: nanos(delayMs) })}`)
  }

  /**
   * An acknowledgement can be lost even when the server has confirmed it: killed with -9 it forgets those of its last moments (M: 200 on
   * 2.9.10 and on 2.15.1) and hands the messages out again.
   */
  private remember(delivery: Delivery): void {
    this.lastSeq = Math.max(this.lastSeq, delivery.seq)
    this.done.add(identity(delivery))
  }

  /** Waits until the server has it. When that fails the message comes again. */
  private async acknowledge(job: Job): Promise<void> {
    try {
      const live = this.parts.link.mustBeLive()
      await unlessBroken(live, live.nc.request(job.reply, '+ACK', { timeout: ackTimeoutMs }))
    } catch (error) {
      this.parts.deps.log.debug({ error: describeError(error) }, 'an acknowledgement was not confirmed')
    }
  }

  private answer(job: Job, verdict: string): void {
    try {
      this.parts.link.live?.nc.publish(job.reply, verdict)
    } catch (error) {
      this.parts.deps.log.debug({ error: describeError(error) }, 'an acknowledgement did not go out')
    }
  }

  private complain(error: unknown): void {
    const { code, message } = refusal(error)
    const { stream, deps } = this.parts
    if (this.complaints.first(code))
      deps.log.warn({ code, stream, durable: this.options.durable, error: message }, 'cannot read; trying again')
  }
}

function tooManyAttempts(maxAttempts: number, cause?: unknown): BusError {
  return new BusError('too_many_attempts', `gave up after ${maxAttempts} attempts`, { cause })
}
