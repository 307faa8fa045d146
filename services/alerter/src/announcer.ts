import type { Bus } from '@nightshift/shared/bus/bus'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { ServiceContext } from '@nightshift/shared/service/service'
import { buildSubject } from '@nightshift/shared/subjects'
import { alertEventOf } from './alert/alert-event.ts'
import type { Checkpointer } from './checkpointer.ts'
import type { Counters } from './counters.ts'
import type { Desk } from './notify/desk.ts'
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
  /** The event is on the bus and in its groups. */
  readonly told: (event: AlertEvent) => Promise<void>
}

/**
 * Carries changes out, each in this order: the alert with what is to be told is stored; the event is published; the notifications are put
 * into the outbox. A crash between two of them is made good at the next start, from what was stored, under the same ids.
 */
export class Announcer {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async carryOut(changes: readonly Change[]): Promise<void> {
    const { source, token, store, engine, checkpointer } = this.#parts
    for (const change of changes) {
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
      await store.saveAlert(record)
      engine.settle(change, record)
      if (life.phase === 'ok') checkpointer.noteEnd(tracked)
      if (event !== undefined) await this.tell(event)
    }
  }

  /** Says an event to everybody. Again is harmless: the ids are the same. */
  async tell(event: AlertEvent): Promise<void> {
    const { bus, log, counters, desk, told } = this.#parts
    const subject = buildSubject({ kind: 'alert', host: event.host, rule: event.rule, phase: event.phase }, bus.namespace)
    try {
      await bus.publishEvent(subject, event)
      counters.eventsPublished++
    } catch (error) {
      counters.publishFailures++
      log.error({ error, subject, event_id: event.id }, 'an event could not be published')
    }
    await desk.notify(event)
    await told(event)
  }
}
