import type { Bus } from '@nightshift/shared/bus/bus'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { ServiceContext } from '@nightshift/shared/service/service'
import { buildSubject } from '@nightshift/shared/subjects'
import { alertEventOf } from './alert/alert-event.ts'
import type { Checkpointer } from './checkpointer.ts'
import type { Counters } from './counters.ts'
import type { Desk } from './notify/desk.ts'
import { Places } from './places.ts'
import type { AlertStore } from './state/alert-store.ts'
import { startPositions } from './state/position.ts'
import type { AlertRecord } from './state/stored.ts'
import type { Change, Engine } from './tracking/engine.ts'

interface Parts {
  readonly bus: Bus
  readonly log: ServiceContext<unknown>['log']
  readonly source: string
  readonly counters: Counters
  readonly token: number
  readonly store: AlertStore
  readonly engine: Engine
  readonly desk: Desk
  readonly checkpointer: Checkpointer
  /** Whether somebody else tells people of this event; asked before its groups take it. */
  readonly isTakenOver: (event: AlertEvent) => boolean
  /** The event is on the bus and in its groups. */
  readonly told: (event: AlertEvent) => Promise<void>
}

interface Entered {
  readonly record: AlertRecord
  /** undefined: nothing is told. */
  readonly event: AlertEvent | undefined
}

/** Alerts that are stored and published at once. */
const maxAtOnce = 64

/**
 * Carries changes out, each in this order: the alert with what is to be told is stored; the event is published; the notifications are put
 * into the outbox. A crash between two of them is made good at the next start, from what was stored, under the same ids; only the last event
 * of an alert is stored, so the next change of that alert waits. Changes of others do not, but groups take events in the order of changes.
 */
export class Announcer {
  readonly #parts: Parts
  readonly #places = new Places(maxAtOnce)
  /** Resolves when everything so far is in its groups. */
  #lastTaken: Promise<void> = Promise.resolve()
  /** By fingerprint: resolves when the last change of that alert is stored and told. */
  readonly #lastOf = new Map<string, Promise<void>>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** In force at once; stored and told when this resolves. No checkpoint may pass before that. */
  async carryOut(changes: readonly Change[]): Promise<void> {
    const entered = changes.map((change) => this.#enter(change))
    await Promise.all(entered.map((each) => this.#carryOutOne(each)))
  }

  /** Says an event to everybody. Again is harmless: the ids are the same. Only while no changes are carried out, or from `told`. */
  async tell(event: AlertEvent): Promise<void> {
    await this.#publish(event)
    await this.#parts.desk.notify(event)
    await this.#parts.told(event)
  }

  #enter(change: Change): Entered {
    const { source, token, engine, checkpointer } = this.#parts
    const { tracked, rule, life, transition, stream, position } = change
    const event = transition && alertEventOf(source, tracked.series, rule, life, transition)
    const record: AlertRecord = {
      kind: 'alert',
      token,
      series: tracked.series,
      life,
      applied: { ...(tracked.record?.applied ?? startPositions), [stream]: position },
      last: event === undefined ? (tracked.record?.last ?? null) : { event, checkpoint: checkpointer.next },
    }
    checkpointer.touch()
    engine.settle(change, record)
    if (life.phase === 'ok') checkpointer.noteEnd(tracked)
    return { record, event }
  }

  async #carryOutOne({ record, event }: Entered): Promise<void> {
    const { fingerprint } = record.series
    const before = this.#lastOf.get(fingerprint)
    const { promise: through, resolve } = Promise.withResolvers<void>()
    this.#lastOf.set(fingerprint, through)
    const turn = event === undefined ? undefined : this.#takeTurn()
    try {
      await before
      await this.#places.run(async () => {
        await this.#parts.store.saveAlert(record)
        if (event !== undefined) await this.#publish(event)
      })
      await turn?.before
      if (event === undefined) return
      const noted = this.#parts.desk.notify(event, this.#parts.isTakenOver(event))
      await Promise.all([noted, this.#parts.told(event).finally(turn?.end)])
    } finally {
      turn?.end()
      resolve()
      if (this.#lastOf.get(fingerprint) === through) this.#lastOf.delete(fingerprint)
    }
  }

  #takeTurn(): { before: Promise<void>; end: () => void } {
    const before = this.#lastTaken
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#lastTaken = promise
    return { before, end: resolve }
  }

  async #publish(event: AlertEvent): Promise<void> {
    const { bus, log, counters } = this.#parts
    const subject = buildSubject({ kind: 'alert', host: event.host, rule: event.rule, phase: event.phase }, bus.namespace)
    try {
      await bus.publishEvent(subject, event)
      counters.eventsPublished++
    } catch (error) {
      counters.publishFailures++
      log.error({ error, subject, event_id: event.id }, 'an event could not be published')
    }
  }
}
