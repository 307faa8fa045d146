import type { Lease } from '@nightshift/shared/bus/bus'
import type { Clock } from '@nightshift/shared/clock'
import { describeError, isTransient } from '@nightshift/shared/errors'
import type { NotifyEvent } from '@nightshift/shared/events/notify'
import { ChannelError, type Channel, type ChannelMemory } from '../channels/channel.ts'
import { GroupQueue, groupOf, type Waiting } from './group-queue.ts'
import { areOfOneIncident, latestOf } from './latest.ts'
import type { Notification } from './notification.ts'
import { notifyEventOf } from './notify-event.ts'
import { setBackMs } from '../group/clock-set-back.ts'
import { severities } from '../rules/severity.ts'
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
  /** What the channel keeps in mind of this incident. */
  memoryOf(notification: Notification): ChannelMemory | undefined
  /** Stores it. */
  remember(notification: Notification, memory: ChannelMemory): Promise<void>
  /** Stores what the channel keeps in mind of itself. */
  keepLedger(memory: ChannelMemory): Promise<void>
  /** The incident is over. */
  forget(notification: Notification): Promise<void>
}

/** The groups that have something due: critical, warning, info, and those where all is over. */
type Due = [Waiting[], Waiting[], Waiting[], Waiting[]]

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
/** Whether the other side took it is not known. */
const unanswered: ReadonlySet<string> = new Set(['timeout', 'unreachable'])

/** Carries the notifications of one channel: a few at once, those about one group in their order, each until it is delivered or dead. */
export class Courier {
  readonly #parts: Parts
  readonly #stopping = new AbortController()
  readonly #flights = new Map<Entry, Promise<void>>()
  readonly #queue = new GroupQueue()
  /** Messages under way; one may carry many entries. */
  #flown = 0
  /** What was found due, the most urgent last; only of a channel that takes as much as comes. Looking for it anew each time would take too long. */
  #ready: Waiting[] = []
  /** There is no room for another message before that, whatever else comes. */
  #blockedUntilMs = 0
  readonly #bucket: TokenBucket | undefined
  /** More came than the channel takes: what waits goes out together. */
  #isCrowded = false
  /** The other side asked to be left alone until then. */
  #pausedUntilMs = 0
  #latestMs = 0
  #timer: NodeJS.Timeout | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    this.#bucket = parts.channel?.rate === undefined ? undefined : new TokenBucket(parts.channel.rate, parts.clock.now())
    parts.lease.signal.addEventListener('abort', this.#halt, { once: true })
  }

  add(entries: readonly Entry[]): void {
    const nextUrgency = urgencyOf(this.#ready.at(-1))
    for (const entry of entries) {
      this.#queue.add(entry)
      if (urgencyOf([entry]) < nextUrgency) this.#ready = []
    }
    if (!this.#isCrowded || this.#parts.clock.now() >= this.#blockedUntilMs) this.#pump()
  }

  /** Starts nothing more, waits for what is under way, and after the grace cuts it off: it stays in the outbox. */
  async stop(graceMs: number): Promise<void> {
    clearTimeout(this.#timer)
    this.#queue.clear()
    const timer = setTimeout(this.#halt, graceMs)
    await Promise.all(this.#flights.values())
    clearTimeout(timer)
    this.#halt()
    this.#parts.lease.signal.removeEventListener('abort', this.#halt)
  }

  readonly #halt = (): void => {
    this.#stopping.abort()
    clearTimeout(this.#timer)
    this.#queue.clear()
  }

  /** Sends what is due, and sets the timer for what is not. */
  #pump(): void {
    const now = this.#parts.clock.now()
    this.#heedClock(now)
    if (this.#flown >= maxInFlight || this.#launchReady(now)) return
    clearTimeout(this.#timer)
    const busy = new Set([...this.#flights.keys()].map(groupOf))
    const due: Due = [[], [], [], []]
    let wakeMs = Number.POSITIVE_INFINITY
    for (const [group, waiting] of this.#queue.groups()) {
      if (busy.has(group)) continue
      const dueMs = Math.max(waiting[0].record.next_ms, this.#pausedUntilMs)
      if (dueMs <= now) due[urgencyOf(this.#bundleOf(waiting))]?.push(waiting)
      else wakeMs = Math.min(wakeMs, dueMs)
    }
    if (this.#bucket === undefined) {
      this.#ready = due.flat().toReversed()
      this.#launchReady(now)
    } else wakeMs = Math.min(wakeMs, this.#launchAll(this.#bucket, due.flat(), now))
    if (wakeMs < Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#pump(), Math.min(longestTimerMs, Math.max(1, wakeMs - now)))
  }

  /** What was put off by a clock that ran ahead would wait until that time comes again. */
  #heedClock(now: number): void {
    const backMs = this.#latestMs - now
    this.#latestMs = backMs > setBackMs ? now : Math.max(now, this.#latestMs)
    if (backMs <= setBackMs) return
    this.#ready = []
    this.#pausedUntilMs -= backMs
    for (const [, waiting] of this.#queue.groups())
      for (const entry of waiting) entry.record = { ...entry.record, next_ms: entry.record.next_ms - backMs }
  }

  /** What may go out of a group: the first that waits, together with what may go in the same message. */
  #bundleOf(waiting: Waiting): Waiting {
    const [first, ...rest] = waiting
    if (this.#isCrowded && !this.#isEdit(waiting)) return [first, ...rest]
    if (this.#parts.channel?.edits !== true) return [first]
    const { incident } = first.record.notification.message
    const end = rest.findIndex(({ record }) => record.notification.message.incident !== incident)
    return [first, ...rest.slice(0, end === -1 ? rest.length : end)]
  }

  /** Its message stands there already: left as it is, it would tell what is not so any more. */
  #isEdit([first]: Waiting): boolean {
    const { channel, effects } = this.#parts
    return channel?.edits === true && effects.memoryOf(first.record.notification) !== undefined
  }

  /** Launches what was found due before, as far as there is room. False when that is too little, and all is to be looked at. */
  #launchReady(now: number): boolean {
    if (now < this.#pausedUntilMs) this.#ready = []
    while (this.#flown < maxInFlight) {
      const waiting = this.#ready.pop()
      if (waiting === undefined) return false
      if (this.#queue.has(waiting) && !this.#flights.has(waiting[0])) this.#launch(this.#bundleOf(waiting))
    }
    return true
  }

  /** Launches what there is room for. Returns when there is a token for the rest; never, when only room is missing: a flight that ends looks again. */
  #launchAll(bucket: TokenBucket, due: readonly Waiting[], now: number): number {
    const [first] = due
    if (first === undefined) return Number.POSITIVE_INFINITY
    if (this.#isCrowded) return this.#launchTogether(bucket, due, first, now)
    for (const [index, waiting] of due.entries()) {
      if (this.#flown >= maxInFlight) return Number.POSITIVE_INFINITY
      if (!bucket.take(now)) {
        const isNew = (each: Waiting): boolean => !this.#isEdit(each)
        this.#isCrowded = due.slice(index).filter(isNew).length > (this.#parts.channel?.rate?.patience ?? 0)
        return (this.#blockedUntilMs = bucket.nextMs(now))
      }
      this.#launch(this.#bundleOf(waiting))
    }
    return Number.POSITIVE_INFINITY
  }

  /** Everything that is new to the channel as one message; what stands there already is still edited one by one. */
  #launchTogether(bucket: TokenBucket, due: readonly Waiting[], first: Waiting, now: number): number {
    const together = due.filter((waiting) => !this.#isEdit(waiting)).flat()
    if (this.#flights.size > 0 && together.length > 0) return Number.POSITIVE_INFINITY
    if (!bucket.take(now)) return (this.#blockedUntilMs = bucket.nextMs(now))
    this.#isCrowded = false
    this.#launch(together.length > 0 ? together.slice(0, maxPerSummary) : this.#bundleOf(first))
    return Number.POSITIVE_INFINITY
  }

  #launch(entries: readonly Entry[]): void {
    this.#flown++
    const flight = this.#fly(entries).finally(() => {
      this.#flown--
      for (const entry of entries) {
        this.#flights.delete(entry)
        if (entry.record.outcome !== null) this.#queue.remove(entry)
        // It is to be tried again at a time of its own.
        else this.#ready = []
      }
      if (!this.#stopping.signal.aborted) this.#pump()
    })
    for (const entry of entries) this.#flights.set(entry, flight)
  }

  /** Carries one, or many as one: those of one incident as its newest state where the channel edits, others as a summary. */
  async #fly(entries: readonly Entry[]): Promise<void> {
    const { name, channel, lease, clock, source, effects } = this.#parts
    const notifications = entries.map(({ record }) => record.notification)
    const isOne = entries.length === 1 || (channel?.edits === true && areOfOneIncident(notifications))
    const notification = isOne ? latestOf(notifications) : summarize(notifications)
    const attempt = Math.max(...entries.map(({ record }) => record.attempts)) + 1
    if (notification === undefined || !lease.holds()) return
    const startedMs = clock.monotonicMs()
    const kind = channel?.kind ?? 'unknown'
    const isKept = channel?.edits === true && isOne
    try {
      if (channel === undefined)
        throw new ChannelError('no_channel', `there is no channel ${name} in the configuration any more`, { transient: false })
      const before = { memory: isKept ? effects.memoryOf(notification) : undefined, isInDoubt: entries.some((entry) => entry.isInDoubt) }
      const memory = await channel.send(notification, attempt, this.#stopping.signal, before)
      if (isKept && memory !== undefined) await effects.remember(notification, memory)
      if (channel.ledger !== undefined) await effects.keepLedger(channel.ledger.kept())
    } catch (error) {
      if (this.#stopping.signal.aborted) {
        // Whoever carries them on does not know how far this came.
        for (const entry of entries) entry.isInDoubt = true
        return
      }
      if (channel?.ledger !== undefined) await effects.keepLedger(channel.ledger.kept())
      for (const entry of entries) await this.#takeFailure(entry, error, { kind, attempt: entry.record.attempts + 1 })
      return
    }
    const latencySeconds = (clock.monotonicMs() - startedMs) / 1000
    // All at once: each that is not noted yet is sent again after a crash.
    const settling = entries.map(async (entry) => {
      const result = { outcome: 'delivered', kind, attempt: entry.record.attempts + 1, error: null, latencySeconds } as const
      await effects.settle(entry, notifyEventOf(source, entry.record, result, clock.now()))
    })
    await Promise.all(settling)
    if (isKept && notification.message.firing === 0) await effects.forget(notification)
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
    entry.isInDoubt ||= error instanceof ChannelError && unanswered.has(error.code)
    if (wanted !== undefined && !(error instanceof ChannelError && error.isOnlyThis))
      this.#pausedUntilMs = Math.max(this.#pausedUntilMs, now + wanted)
    const told = isWorthTelling(attempt) ? notifyEventOf(source, record, { ...result, outcome: 'deferred' }, now) : undefined
    return effects.defer(entry, verdict.atMs, told)
  }
}

/** What fires comes before what is over, and the worst first. */
function urgencyOf(bundle: Waiting | undefined): number {
  const message = bundle?.at(-1)?.record.notification.message
  if (message === undefined) return Number.NEGATIVE_INFINITY
  return message.firing === 0 ? severities.length : severities.indexOf(message.worst)
}
