import type { Bus, Lease } from '@nightshift/shared/bus/bus'
import type { Clock } from '@nightshift/shared/clock'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { NotifyEvent } from '@nightshift/shared/events/notify'
import type { ServiceContext } from '@nightshift/shared/service/service'
import { buildSubject } from '@nightshift/shared/subjects'
import type { OpenChannels } from '../channels/open-channels.ts'
import type { Counters } from '../counters.ts'
import { Courier } from './courier.ts'
import { notifyEventOf } from './notify-event.ts'
import type { Entry, Outbox } from './outbox.ts'
import { notificationsFor, type PipelineView } from './pipeline.ts'

interface Parts {
  readonly bus: Bus
  readonly lease: Lease
  readonly clock: Clock
  readonly log: ServiceContext<unknown>['log']
  readonly source: string
  readonly counters: Counters
  readonly random: () => number
  readonly outbox: Outbox
  readonly channels: OpenChannels
  /** Rule → the channels it names. */
  readonly channelsOf: PipelineView['channelsOf']
  /** Number of the checkpoint that comes next. */
  readonly nextCheckpoint: () => number
  /** Runs what must not overlap with a checkpoint. Never rejects. */
  readonly exclusively: (task: () => Promise<void>) => Promise<void>
}

/** Where alert events become notifications: through the pipeline into the outbox, and from there one courier per channel carries them. */
export class Desk {
  readonly #parts: Parts
  readonly #couriers = new Map<string, Courier>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get waiting(): number {
    return this.#parts.outbox.waitingCount
  }

  /** Takes up what an earlier run left: outcomes it may not have told, then everything that still waits. */
  async open(checkpoint: number): Promise<void> {
    for (const outcome of await this.#parts.outbox.load(checkpoint)) await this.#publish(outcome)
    const waiting = Map.groupBy(this.#parts.outbox.waiting, (entry) => entry.record.notification.channel)
    for (const [channel, entries] of waiting) this.#courier(channel).add(entries)
  }

  /** Everybody who is to hear of this event has a notification on its way when this resolves. */
  async notify(event: AlertEvent): Promise<void> {
    const { outbox, clock, channels, channelsOf, counters, log, source, nextCheckpoint } = this.#parts
    for (const notification of notificationsFor(event, { channels: channels.names, channelsOf })) {
      const now = clock.now()
      const added = await outbox.add(notification, now, nextCheckpoint())
      if (added === 'full') {
        counters.notificationsDead++
        log.error({ channel: notification.channel, notification: notification.id }, 'the outbox is full; this notification is not sent')
        const result = {
          outcome: 'dead',
          kind: channels.kindOf(notification.channel),
          attempt: 1,
          error: 'the outbox is full',
          latencySeconds: null,
        } as const
        await this.#publish(notifyEventOf(source, { notification, created_ms: now }, result, now))
      } else if (added !== 'known') {
        this.#courier(notification.channel).add([added])
      }
    }
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
  release(checkpoint: number): void {
    this.#parts.outbox.release(checkpoint)
  }

  async stop(graceMs: number): Promise<void> {
    await Promise.all([...this.#couriers.values()].map((courier) => courier.stop(graceMs)))
  }

  #courier(channel: string): Courier {
    const { channels, lease, clock, source, random } = this.#parts
    let courier = this.#couriers.get(channel)
    if (courier === undefined) {
      const effects = { settle: this.#settle, defer: this.#defer }
      courier = new Courier({ name: channel, channel: channels.find(channel), lease, clock, source, random, effects })
      this.#couriers.set(channel, courier)
    }
    return courier
  }

  readonly #settle = async (entry: Entry, outcome: NotifyEvent): Promise<void> => {
    const { outbox, counters, exclusively, nextCheckpoint, log } = this.#parts
    if (outcome.outcome === 'delivered') counters.notificationsDelivered++
    else {
      counters.notificationsDead++
      log.error(
        { channel: outcome.channel, notification: outcome.notification, problem: outcome.error },
        'a notification cannot be delivered',
      )
    }
    await exclusively(async () => {
      await outbox.settle(entry, outcome, nextCheckpoint())
      await this.#publish(outcome)
    })
  }

  readonly #defer = async (entry: Entry, nextMs: number, told: NotifyEvent | undefined): Promise<void> => {
    const { outbox, counters, exclusively, log } = this.#parts
    counters.notificationsDeferred++
    await exclusively(async () => {
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
