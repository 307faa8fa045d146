import type { Lease } from '@nightshift/shared/bus/bus'
import type { Clock } from '@nightshift/shared/clock'
import { describeError, isTransient } from '@nightshift/shared/errors'
import type { NotifyEvent } from '@nightshift/shared/events/notify'
import { ChannelError, type Channel } from '../channels/channel.ts'
import { notifyEventOf } from './notify-event.ts'
import type { Entry } from './outbox.ts'
import { maxPerSummary, summarize } from './summary.ts'
import { TokenBucket } from './token-bucket.ts'
import { isWorthTelling, judgeFailure } from './retry.ts'

/** How the courier tells what it did. None of these may reject. */
export interface CourierEffects {
  /** Stores the outcome and tells it on the bus. */
  settle(entry: Entry, outcome: NotifyEvent): Promise<void>
  /** Stores when the next attempt is due; tells about this one when there is something to tell. */
  defer(entry: Entry, nextMs: number, told: NotifyEvent | undefined): Promise<void>
}

interface Parts {
  readonly name: string
  /** undefined: it is not in the configuration any more. */
  readonly channel: Channel | undefined
  readonly lease: Lease
  readonly clock: Clock
  readonly source: string
  /** 0 to 1. */
  readonly random: () => number
  readonly effects: CourierEffects
}

const maxInFlight = 4
const longestTimerMs = 3_600_000

/** Carries the notifications of one channel: a few at once, those about one group in their order, each until it is delivered or dead. */
export class Courier {
  readonly #parts: Parts
  readonly #stopping = new AbortController()
  readonly #flights = new Map<Entry, Promise<void>>()
  #queue: Entry[] = []
  readonly #bucket: TokenBucket | undefined
  /** More came than the channel takes: what waits goes out together. */
  #isCrowded = false
  /** The other side asked to be left alone until then. */
  #pausedUntilMs = 0
  #timer: NodeJS.Timeout | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    this.#bucket = parts.channel?.rate === undefined ? undefined : new TokenBucket(parts.channel.rate, parts.clock.now())
    parts.lease.signal.addEventListener('abort', this.#halt, { once: true })
  }

  add(entries: readonly Entry[]): void {
    this.#queue.push(...entries)
    this.#pump()
  }

  /** Starts nothing more, waits for what is under way, and after the grace cuts it off: it stays in the outbox. */
  async stop(graceMs: number): Promise<void> {
    clearTimeout(this.#timer)
    this.#queue = []
    const timer = setTimeout(this.#halt, graceMs)
    await Promise.all(this.#flights.values())
    clearTimeout(timer)
    this.#halt()
    this.#parts.lease.signal.removeEventListener('abort', this.#halt)
  }

  readonly #halt = (): void => {
    this.#stopping.abort()
    clearTimeout(this.#timer)
    this.#queue = []
  }

  /** Sends what is due, and sets the timer for what is not. */
  #pump(): void {
    clearTimeout(this.#timer)
    const now = this.#parts.clock.now()
    const busy = new Set([...this.#flights.keys()].map(groupOf))
    const due: Entry[] = []
    let wakeMs = Number.POSITIVE_INFINITY
    for (const entry of this.#queue) {
      const group = groupOf(entry)
      if (busy.has(group)) continue
      if (!this.#isCrowded) busy.add(group)
      const dueMs = Math.max(entry.record.next_ms, this.#pausedUntilMs)
      if (dueMs <= now) due.push(entry)
      else wakeMs = Math.min(wakeMs, dueMs)
    }
    wakeMs = Math.min(wakeMs, this.#launchAll(due, now))
    if (wakeMs < Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#pump(), Math.min(longestTimerMs, Math.max(1, wakeMs - now)))
  }

  /** Launches what there is room for. Returns when there is a token for the rest; never, when only room is missing: a flight that ends looks again. */
  #launchAll(due: readonly Entry[], now: number): number {
    if (this.#isCrowded) {
      if (this.#flights.size > 0 || due.length === 0) return Number.POSITIVE_INFINITY
      if (this.#bucket?.take(now) === false) return this.#bucket.nextMs(now)
      this.#isCrowded = false
      this.#launch(due.slice(0, maxPerSummary))
      return Number.POSITIVE_INFINITY
    }
    for (const entry of due) {
      if (this.#flights.size >= maxInFlight) return Number.POSITIVE_INFINITY
      if (this.#bucket?.take(now) === false) {
        this.#isCrowded = true
        return this.#bucket.nextMs(now)
      }
      this.#launch([entry])
    }
    return Number.POSITIVE_INFINITY
  }

  #launch(entries: readonly Entry[]): void {
    const flight = this.#fly(entries).finally(() => {
      for (const entry of entries) this.#flights.delete(entry)
      const isDone = (entry: Entry): boolean => entries.includes(entry) && entry.record.outcome !== null
      this.#queue = this.#queue.filter((waiting) => !isDone(waiting))
      if (!this.#stopping.signal.aborted) this.#pump()
    })
    for (const entry of entries) this.#flights.set(entry, flight)
  }

  /** Carries one, or many as one. */
  async #fly(entries: readonly Entry[]): Promise<void> {
    const { name, channel, lease, clock, source, effects } = this.#parts
    const notifications = entries.map(({ record }) => record.notification)
    const notification = entries.length === 1 ? notifications[0] : summarize(notifications)
    const attempt = Math.max(...entries.map(({ record }) => record.attempts)) + 1
    if (notification === undefined || !lease.holds()) return
    const startedMs = clock.monotonicMs()
    const kind = channel?.kind ?? 'unknown'
    try {
      if (channel === undefined)
        throw new ChannelError('no_channel', `there is no channel ${name} in the configuration any more`, { transient: false })
      await channel.send(notification, attempt, this.#stopping.signal)
    } catch (error) {
      if (this.#stopping.signal.aborted) return
      for (const entry of entries) await this.#takeFailure(entry, error, { kind, attempt: entry.record.attempts + 1 })
      return
    }
    const latencySeconds = (clock.monotonicMs() - startedMs) / 1000
    for (const entry of entries) {
      const result = { outcome: 'delivered', kind, attempt: entry.record.attempts + 1, error: null, latencySeconds } as const
      await effects.settle(entry, notifyEventOf(source, entry.record, result, clock.now()))
    }
  }

  async #takeFailure(entry: Entry, error: unknown, { kind, attempt }: { kind: string; attempt: number }): Promise<void> {
    const { clock, source, random, effects } = this.#parts
    const { record } = entry
    const now = clock.now()
    const wanted = error instanceof ChannelError ? error.retryAfterMs : undefined
    const failure = { attempts: attempt, createdMs: record.created_ms, transient: isTransient(error), retryAfterMs: wanted }
    const verdict = judgeFailure(failure, now, random())
    const result = { kind, attempt, error: describeError(error), latencySeconds: null }
    if (verdict.kind === 'dead') {
      const dead = notifyEventOf(source, record, { ...result, outcome: 'dead', error: `${result.error} (${verdict.because})` }, now)
      return effects.settle(entry, dead)
    }
    if (wanted !== undefined) this.#pausedUntilMs = Math.max(this.#pausedUntilMs, now + wanted)
    const told = isWorthTelling(attempt) ? notifyEventOf(source, record, { ...result, outcome: 'deferred' }, now) : undefined
    return effects.defer(entry, verdict.atMs, told)
  }
}

function groupOf(entry: Entry): string {
  return entry.record.notification.group
}
