import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus, Lease } from '@nightshift/shared/bus/bus'
import type { Clock } from '@nightshift/shared/clock'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { NotifyEvent } from '@nightshift/shared/events/notify'
import type { ServiceContext } from '@nightshift/shared/service/service'
import { buildSubject } from '@nightshift/shared/subjects'
import type { OpenChannels } from '../channels/open-channels.ts'
import type { Counters } from '../counters.ts'
import { isSpent, type GroupBook, type Saying } from '../group/group-book.ts'
import type { GroupRecord } from '../group/group-record.ts'
import { inParts } from '../in-parts.ts'
import { GroupWriter } from './group-writer.ts'
import type { AlertStore } from '../state/alert-store.ts'
import { Courier, type CourierEffects } from './courier.ts'
import { notificationsOf, type Notification } from './notification.ts'
import { notifyEventOf } from './notify-event.ts'
import type { Entry, Outbox } from './outbox.ts'

interface Parts {
  readonly bus: Bus
  readonly lease: Lease
  readonly clock: Clock
  readonly log: ServiceContext<unknown>['log']
  readonly source: string
  readonly counters: Counters
  readonly random: () => number
  readonly store: AlertStore
  readonly groups: GroupBook
  readonly outbox: Outbox
  readonly channels: OpenChannels
  /** Number of the checkpoint that comes next. */
  readonly nextCheckpoint: () => number
  /** Runs alone: what makes groups speak. Never rejects. */
  readonly exclusively: (task: () => Promise<void>) => Promise<void>
  /** Runs what must not overlap with a checkpoint. Never rejects. */
  readonly alongside: (task: () => Promise<void>) => Promise<void>
  /** Whether that would have to wait. */
  readonly isTaken: () => boolean
}

/** From so many notifications on their way, reading waits for delivery, as long as that makes good speed. */
const manyWaiting = 5000
const breathMs = 20
const fewPerBreath = 2
/** Also how soon a clock that was set back is noticed. */
const longestTimerMs = 60_000

/** Where alert events become notifications: through their groups into the outbox, and from there one courier per channel carries them. */
export class Desk {
  readonly #parts: Parts
  readonly #couriers = new Map<string, Courier>()
  readonly #writer: GroupWriter
  /** What was told before the groups were taken up; undefined since then. */
  #early: AlertEvent[] | undefined = []
  #timer: NodeJS.Timeout | undefined
  #isStopped = false
  /** Notifications of which it is known what became of them; so many when it was last asked. */
  #settledCount = 0
  #settledBefore = 0

  constructor(parts: Parts) {
    this.#parts = parts
    const { store, nextCheckpoint } = parts
    this.#writer = new GroupWriter({ store, nextCheckpoint, post: (notification) => this.#post(notification) })
  }

  get waiting(): number {
    return this.#parts.outbox.waitingCount
  }

  /** Takes up what an earlier run left: outcomes it may not have told, what it said and may not have put into the outbox, what waits. */
  async open(checkpoint: number, records: readonly GroupRecord[]): Promise<void> {
    const { outbox, groups, clock } = this.#parts
    for (const outcome of await outbox.load(checkpoint, clock.now())) await this.#publish(outcome)
    await this.#settleDelivered()
    const waiting = Map.groupBy(outbox.waiting, (entry) => entry.record.notification.channel)
    for (const [channel, entries] of waiting) this.#courier(channel).add(entries)
    const early = this.#early ?? []
    this.#early = undefined
    await inParts(records, async (record) => {
      groups.restore(record, clock.now())
      if (isSpent(record.group)) this.#writer.noteSpent(record.group.id)
      if (record.said === null || record.said.checkpoint <= checkpoint) return
      for (const each of notificationsOf(record.said.message, record.group, record.said.channels)) await this.#post(each)
    })
    for (const event of early) await this.notify(event)
    this.#arm()
  }

  /**
   * Takes an event into its groups at once. What people are to hear of it, now or later, is stored when this resolves. Somebody else may have
   * taken over to tell them now.
   */
  async notify(event: AlertEvent, isTakenOver = false): Promise<void> {
    if (this.#early !== undefined) return void this.#early.push(event)
    const { groups, clock } = this.#parts
    await this.carryOut(groups.take(event, clock.now(), isTakenOver))
  }

  /** Something that keeps people from hearing came or went: all groups are looked at, a part at a time, as soon as there is time for it. */
  async reconsider(): Promise<void> {
    this.#parts.groups.reconsider()
    this.#arm()
    await Promise.resolve()
  }

  /**
   * Waits a moment when notifications come faster than they go out: else the outbox would run over. A channel that is slow or does not
   * answer is not waited for.
   */
  async breathe(): Promise<void> {
    if (this.#parts.outbox.waitingCount < manyWaiting) return
    const isFast = this.#settledCount - this.#settledBefore >= fewPerBreath
    this.#settledBefore = this.#settledCount
    if (isFast) await sleep(breathMs)
  }

  /** Stores what groups say, then puts it into the outbox. */
  async carryOut(sayings: readonly Saying[]): Promise<void> {
    if (sayings.length > 0) await this.#writer.write(sayings)
    this.#arm()
  }

  /** Puts a message into the outbox that is about no group of alerts; the same id is the same message. Only inside of `exclusively`. */
  async post(notification: Notification): Promise<void> {
    await this.#post(notification)
  }

  /** A channel was changed: what waits for it goes out the new way. */
  async renew(channel: string): Promise<void> {
    const courier = this.#couriers.get(channel)
    if (courier === undefined) return
    this.#couriers.delete(channel)
    await courier.stop(0)
    const entries = this.#parts.outbox.waiting.filter((entry) => entry.record.notification.channel === channel)
    if (entries.length > 0) this.#courier(channel).add(entries)
  }

  /** A checkpoint was reached. */
  async release(checkpoint: number): Promise<void> {
    this.#parts.outbox.release(checkpoint)
    await this.#writer.release(checkpoint)
  }

  async stop(graceMs: number): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await Promise.all([...this.#couriers.values()].map((courier) => courier.stop(graceMs)))
  }

  /** Wakes when the next group is due. */
  #arm(): void {
    const { groups, clock, exclusively } = this.#parts
    clearTimeout(this.#timer)
    const nextMs = groups.nextMs
    if (this.#isStopped || nextMs === undefined) return
    const look = (): Promise<void> => exclusively(async () => await this.carryOut(groups.takeDue(clock.now())))
    this.#timer = setTimeout(() => void look(), Math.min(longestTimerMs, Math.max(1, nextMs - clock.now())))
  }

  async #post(notification: Notification): Promise<void> {
    const { outbox, clock, channels, counters, log, source, nextCheckpoint } = this.#parts
    if (channels.delivered.of(notification) !== undefined) return
    const now = clock.now()
    const added = await outbox.add(notification, now, nextCheckpoint())
    if (added === 'known') return
    if (added !== 'full') return this.#courier(notification.channel).add([added])
    counters.notificationsDead++
    log.error({ channel: notification.channel, notification: notification.id }, 'the outbox is full; this notification is not sent')
    const kind = channels.kindOf(notification.channel)
    const result = { outcome: 'dead', kind, attempt: 1, error: 'the outbox is full', latencySeconds: null } as const
    await this.#publish(notifyEventOf(source, { notification, created_ms: now }, result, now))
  }

  /** What an earlier lease of this process delivered and could not note. */
  async #settleDelivered(): Promise<void> {
    const { outbox, channels, nextCheckpoint } = this.#parts
    for (const entry of outbox.waiting) {
      const outcome = channels.delivered.of(entry.record.notification)
      if (outcome === undefined) continue
      await outbox.settle(entry, outcome, nextCheckpoint())
      await this.#publish(outcome)
    }
  }

  #courier(channel: string): Courier {
    const { channels, lease, clock, source, random } = this.#parts
    let courier = this.#couriers.get(channel)
    if (courier === undefined) {
      const { memories } = this.#parts.outbox
      const effects: CourierEffects = {
        settle: this.#settle,
        defer: this.#defer,
        memoryOf: (notification) => memories.of(notification),
        // Not when there is time for it: what stands there and is not kept in mind is posted anew after a crash. Without the lease all ends anyway.
        remember: (notification, memory) => memories.keep(notification, memory, clock.now()).catch(() => undefined),
        keepLedger: (memory) => memories.keepLedger(channel, memory, clock.now()).catch(() => undefined),
        forget: (notification) => this.#parts.alongside(async () => await memories.forget(notification)),
      }
      const found = channels.find(channel)
      found?.ledger?.restore(memories.ledgerOf(channel))
      courier = new Courier({ name: channel, channel: found, lease, clock, source, random, effects })
      this.#couriers.set(channel, courier)
    }
    return courier
  }

  readonly #settle = async (entry: Entry, outcome: NotifyEvent): Promise<void> => {
    const { outbox, channels, counters, alongside, isTaken, nextCheckpoint, log } = this.#parts
    if (outcome.outcome === 'delivered') {
      counters.notificationsDelivered++
      channels.delivered.note(outcome)
    } else {
      counters.notificationsDead++
      log.error(
        { channel: outcome.channel, notification: outcome.notification, problem: outcome.error },
        'a notification cannot be delivered',
      )
    }
    // At once: until it is noted a crash sends it again, and the work at hand may take its time.
    const noting = isTaken() ? outbox.note(entry, outcome) : undefined
    await noting?.catch(() => undefined)
    await alongside(async () => {
      await noting
      await outbox.settle(entry, outcome, nextCheckpoint())
      await this.#publish(outcome)
    })
    this.#settledCount++
  }

  readonly #defer = async (entry: Entry, nextMs: number, told: NotifyEvent | undefined): Promise<void> => {
    const { outbox, counters, alongside, log } = this.#parts
    counters.notificationsDeferred++
    await alongside(async () => {
      await outbox.defer(entry, nextMs)
      if (told === undefined) return
      log.warn(
        { channel: told.channel, notification: told.notification, attempt: told.attempt, problem: told.error },
        'a notification was not taken; trying again',
      )
      await this.#publish(told)
    })
  }

  async #publish(event: NotifyEvent): Promise<void> {
    const { bus, log, counters } = this.#parts
    const subject = buildSubject({ kind: 'notify', channel: event.channel, outcome: event.outcome }, bus.namespace)
    try {
      await bus.publishEvent(subject, event)
      counters.eventsPublished++
    } catch (error) {
      counters.publishFailures++
      log.error({ error, subject, event_id: event.id }, 'an event could not be published')
    }
  }
}
