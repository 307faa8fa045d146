import { setTimeout as sleep } from 'node:timers/promises'
import { describeError } from '../errors.ts'
import type { BusDeps, FollowOptions, Reader } from './bus.ts'
import type { Delivery } from './delivery.ts'
import { FollowConsumer } from './follow-consumer.ts'
import { resume, type Gap } from './follow-position.ts'
import { InOrder } from './in-order.ts'
import type { Link } from './link.ts'
import { unlessBroken, type Live } from './live.ts'
import { Once } from './once.ts'
import { Pull } from './pull.ts'
import { refusal } from './refusal.ts'

/** What may wait in memory to be handled: so many messages, and so many bytes for each of at most two requests. */
const prefetch = 1000
const prefetchBytes = 4 * 1024 * 1024
const firstRebindMs = 100
const slowestRebindMs = 3000
/** After a binding that lasted so long the next is tried without delay. */
const goodBindingMs = 10_000
const gapLookEveryMs = 1000
const farewellMs = 1000

type ReaderOptions = Omit<FollowOptions, 'stream'>

interface Parts {
  link: Link
  deps: BusDeps
  inboxPrefix: string
  /** The stream's name on the server. */
  stream: string
  /** Begin with the last message of each subject instead of the first of all. */
  lastPerSubject?: boolean
  deadLetter: (message: Delivery, error: unknown) => Promise<void>
}

/**
 * Reads a stream in order from a checkpoint that the caller keeps. Its consumer has a fixed name, so that permissions can pin it, and holds
 * no state that matters: it is made anew at each start, after each break and when anything was lost on the way (docs/adr/0002).
 */
export class Following implements Reader {
  handled = 0
  deadLettered = 0
  incarnation: string | undefined
  private seq: number | 'new'
  private left = 0
  private pull: Pull | undefined
  private work: InOrder | undefined
  /** Where the stream ended when we were connected, until we are there. */
  private target: number | undefined
  private lookForGapAtMs = 0
  private readonly consumer: FollowConsumer
  private readonly stopping = new AbortController()
  private readonly complaints = new Once()
  private readonly options: ReaderOptions
  private readonly parts: Parts
  private readonly running: Promise<void>

  constructor(options: ReaderOptions, parts: Parts) {
    this.options = options
    this.parts = parts
    this.seq = options.after
    this.incarnation = options.incarnation
    const { name, filter, startMs } = options
    this.consumer = new FollowConsumer({ stream: parts.stream, name, filter, startMs, lastPerSubject: parts.lastPerSubject ?? false })
    this.running = this.run()
  }

  get lastSeq(): number {
    return this.seq === 'new' ? 0 : this.seq
  }

  get pending(): number {
    return this.left + (this.work?.length ?? 0)
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    this.pull?.stop()
    await this.running
  }

  private async run(): Promise<void> {
    const { link, deps } = this.parts
    const { signal } = this.stopping
    for (let waitMs = firstRebindMs; !signal.aborted; waitMs = Math.min(waitMs * 2, slowestRebindMs)) {
      const startedMs = deps.clock.monotonicMs()
      try {
        await this.readOnce(await link.untilReady(signal))
      } catch (error) {
        if (signal.aborted || link.closed.aborted) return
        this.complain(refusal(error).code, describeError(error))
      }
      if (deps.clock.monotonicMs() - startedMs > goodBindingMs) waitMs = firstRebindMs
      await sleep(waitMs, undefined, { signal }).catch(() => undefined)
    }
  }

  /** One binding: from making the consumer to losing it. */
  private async readOnce(live: Live): Promise<void> {
    const { deps, inboxPrefix, stream } = this.parts
    if (!(await unlessBroken(live, this.bind(live))))
      return this.complain('reader_taken_over', 'another reader of this name is at work; waiting until it is gone')
    if (this.stopping.signal.aborted) return await this.leave(live)
    this.complaints.forget()
    const work = new InOrder({
      handle: (delivery) => this.handle(delivery),
      onDone: (delivery) => pull.release(delivery),
      onHole: () => pull.stop(),
      stopping: this.stopping.signal,
    })
    const pull = new Pull(live, inboxPrefix, {
      stream,
      consumer: this.options.name,
      capacity: prefetch,
      maxBytes: prefetchBytes,
      onDelivery: (delivery) => work.push(delivery),
      onIdle: (deliverySeq) => {
        if (deliverySeq !== undefined && deliverySeq > work.received) pull.stop()
        else if (work.isIdle) this.arrive()
      },
      clock: deps.clock,
    })
    this.pull = pull
    this.work = work
    if (this.left === 0) this.arrive()
    const end = await pull.ended
    deps.log.debug({ stream, reader: this.options.name, end }, 'the follower lost its consumer; binding again')
    await work.settled()
    if (this.stopping.signal.aborted) await this.leave(live)
  }

  /** False when another reader has our name. */
  private async bind(live: Live): Promise<boolean> {
    const { state, created } = await live.jsm.streams.info(this.parts.stream)
    const { seq, gap } = resume(
      { seq: this.seq, incarnation: this.incarnation },
      { incarnation: created, firstSeq: state.first_seq, lastSeq: state.last_seq },
    )
    const info = await this.consumer.claim(live, seq)
    if (info === undefined) return false
    this.seq = seq
    this.incarnation = created
    this.left = info.num_pending
    this.target = state.last_seq
    if (gap) this.report(gap)
    return true
  }

  /** So that the server need not remember it; when that fails it forgets by itself. */
  private async leave({ jsm, broken }: Live): Promise<void> {
    if (broken.aborted) return
    const gone = this.consumer
      .leave(jsm)
      .catch((error: unknown) => this.parts.deps.log.debug({ error: describeError(error) }, 'the consumer stays behind'))
    const timer = new AbortController()
    await Promise.race([gone, sleep(farewellMs, undefined, { signal: timer.signal }).catch(() => undefined)])
    timer.abort()
  }

  private handle(delivery: Delivery): Promise<void> | undefined {
    const jumped = this.options.filter === undefined && this.lastSeq > 0 && delivery.seq !== this.lastSeq + 1
    if (jumped) return this.lookForGap(delivery).then(() => this.call(delivery))
    return this.call(delivery)
  }

  private call(delivery: Delivery): Promise<void> | undefined {
    try {
      const result = this.options.handle(delivery)
      if (result instanceof Promise) {
        return result.then(
          () => this.pass(delivery),
          (error: unknown) => this.bury(delivery, error),
        )
      }
      this.pass(delivery)
      return undefined
    } catch (error) {
      return this.bury(delivery, error)
    }
  }

  private pass(delivery: Delivery, isDead = false): void {
    if (isDead) this.deadLettered++
    else this.handled++
    this.seq = delivery.seq
    this.left = delivery.pending
    if (this.target !== undefined && (delivery.pending === 0 || delivery.seq >= this.target)) this.arrive()
  }

  private async bury(delivery: Delivery, error: unknown): Promise<void> {
    try {
      await this.parts.deadLetter(delivery, error)
    } catch (failure) {
      this.parts.deps.log.error(
        { subject: delivery.subject, stream_seq: delivery.seq, error: describeError(failure) },
        'a dead letter is lost',
      )
    }
    this.pass(delivery, true)
  }

  /** Everything that was there when we connected is handled. */
  private arrive(): void {
    if (this.target === undefined) return
    this.seq = Math.max(this.lastSeq, this.target)
    this.target = undefined
    this.guard(() => this.options.onCaughtUp?.(this.lastSeq))
  }

  /** Numbers are missing in the stream: it dropped its oldest before we came to them, or somebody deleted in the middle. */
  private async lookForGap(delivery: Delivery): Promise<void> {
    const { link, deps, stream } = this.parts
    const nowMs = deps.clock.monotonicMs()
    if (nowMs < this.lookForGapAtMs) return
    this.lookForGapAtMs = nowMs + gapLookEveryMs
    try {
      const { state } = await link.mustBeLive().jsm.streams.info(stream)
      if (state.first_seq > this.lastSeq + 1) this.report({ afterSeq: this.lastSeq, firstSeq: delivery.seq, reason: 'expired' })
    } catch (error) {
      deps.log.debug({ error: describeError(error) }, 'cannot look for a gap')
    }
  }

  private report(gap: Gap): void {
    this.parts.deps.log.warn(
      { stream: this.parts.stream, reader: this.options.name, ...gap },
      'the stream no longer holds all that follows the checkpoint',
    )
    this.guard(() => this.options.onGap?.(gap))
  }

  private guard(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.parts.deps.log.error({ reader: this.options.name, error: describeError(error) }, 'a callback of a follower failed')
    }
  }

  private complain(code: string, message: string): void {
    if (this.complaints.first(code))
      this.parts.deps.log.warn({ code, stream: this.parts.stream, reader: this.options.name, error: message }, 'cannot read; trying again')
  }
}
