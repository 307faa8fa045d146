import type { AlertEvent } from '@nightshift/shared/events/alert'
import { alertEventOf } from '../alert/alert-event.ts'
import type { Life } from '../alert/life.ts'
import type { Companion, CompanionKind, ShardView } from '../companion.ts'
import { lookAround } from '../look-around.ts'
import type { Muter } from '../mute/mute.ts'
import { isWorse } from '../rules/severity.ts'
import { isToldAsFlapping } from '../group/flush.ts'
import { FencedBucket } from '../state/fenced-bucket.ts'
import { startPositions } from '../state/position.ts'
import { storePrefix } from '../state/store-prefix.ts'
import type { Change } from '../tracking/engine.ts'
import { FlapBook } from './flap-book.ts'
import { flapBucket, flapKey, maxStored, type FlapRecord } from './flap-record.ts'
import { changeCount } from './history.ts'

const lookEveryMs = 5000

/** An alert that comes and goes is told as flapping once, and then kept from people until it has settled: then they hear what it is in. */
export const flapping: CompanionKind = (view) => new Flapping(view)

class Flapping implements Companion {
  readonly muters: readonly Muter[]
  readonly #view: ShardView
  readonly #book: FlapBook
  #bucket: FencedBucket<FlapRecord> | undefined
  #stopLooking: (() => void) | undefined
  #hasLooked = false

  constructor(view: ShardView) {
    this.#view = view
    this.#book = new FlapBook(view.config().flapping)
    this.muters = [
      {
        muteOf: (event) => {
          const history = this.#book.flapping(event.fingerprint)
          return history === undefined || isWorse(event.severity, history.told_severity ?? 'info')
            ? undefined
            : { kind: 'flapping', by: `${changeCount(history)} changes of late`, untilMs: null }
        },
      },
    ]
  }

  async open(): Promise<void> {
    const { context, lease, place } = this.#view
    const { bus, clock, log } = context
    const onRefused = (key: string, error: unknown): void =>
      log.error({ error, key }, 'the bus does not keep which alerts flap; after a restart they may be told again')
    this.#bucket = new FencedBucket(await bus.bucket('hosts', flapBucket), lease, clock, onRefused, storePrefix(place))
    for (const [, { alerts }] of await this.#bucket.loadKeys([flapKey])) {
      for (const [fingerprint, history] of Object.entries(alerts)) this.#book.restore(fingerprint, history)
    }
    this.#stopLooking = lookAround(this.#view, lookEveryMs, () => this.#settle())
  }

  /** One message says both what it is in and that it comes and goes. */
  takesOver(event: AlertEvent): boolean {
    return this.#book.begins(event, this.#view.context.clock.now())
  }

  async told(event: AlertEvent): Promise<void> {
    const nowMs = this.#view.context.clock.now()
    if (this.#book.note(event, nowMs)) await this.#begin(event, nowMs)
  }

  async reload(): Promise<void> {
    this.#book.use(this.#view.config().flapping)
    await this.#settle()
  }

  async stop(): Promise<void> {
    this.#stopLooking?.()
    await Promise.resolve()
  }

  /** Said first and kept quiet then: a crash in between says it again later, and never leaves it unsaid. */
  async #begin(event: AlertEvent, nowMs: number): Promise<void> {
    const { context, book, rules, groups, desk, tell } = this.#view
    const tracked = book.find(event.fingerprint)
    if (tracked?.life == null) return
    const reason = 'it comes and goes; you hear of it again when it has settled'
    const transition = { phase: 'flapping', severity: event.severity, reason, at: Date.parse(event.time), trigger: event.id } as const
    const told = alertEventOf(context.source, tracked.series, rules().find(event.rule), tracked.life, transition)
    const flappingEvent = { ...told, summary: `${event.summary}; ${reason}` }
    const sayings = groups.sayFlapping(flappingEvent, nowMs)
    // Who is kept from people for another reason is not kept from them for this one too: nobody would ever hear of it.
    if (!sayings.some(({ notifications }) => notifications.length > 0)) return
    await tell(flappingEvent)
    await desk.carryOut(sayings)
    this.#book.begin(event.fingerprint, event.severity)
    await this.#store()
  }

  async #settle(): Promise<void> {
    const settled = [...this.#book.settle(this.#view.context.clock.now()), ...this.#leftBehind()]
    if (settled.length === 0) return
    const { carryOut, desk } = this.#view
    await this.#store()
    await carryOut(settled.flatMap((fingerprint) => this.#changeOf(fingerprint)))
    await desk.reconsider()
  }

  /** Told as flapping before a crash that came before it was noted, or told when it had settled: nobody else would ever say more of it. */
  #leftBehind(): string[] {
    if (this.#hasLooked) return []
    this.#hasLooked = true
    const told = [...this.#view.groups.all()].flatMap(({ members }) =>
      Object.entries(members).filter(([, member]) => isToldAsFlapping(member)),
    )
    return [...new Set(told.map(([fingerprint]) => fingerprint))].filter((fingerprint) => this.#book.flapping(fingerprint) === undefined)
  }

  /** What fires on is said anew; what is over was said on the bus when it ended. */
  #changeOf(fingerprint: string): Change[] {
    const { book, rules, context } = this.#view
    const tracked = book.find(fingerprint)
    if (tracked?.life?.phase !== 'firing') return []
    const { life } = tracked
    const next: Life = { ...life, updates: life.updates + 1, changed_ms: Math.max(context.clock.now(), life.changed_ms) }
    const reason = 'settled: it does not come and go any more'
    const transition = { phase: 'updated', severity: life.severity, reason, at: next.changed_ms, trigger: life.epoch } as const
    const position = (tracked.record?.applied ?? startPositions).METRICS
    return [{ tracked, rule: rules().find(tracked.series.rule), life: next, transition, stream: 'METRICS', position }]
  }

  async #store(): Promise<void> {
    const alerts = Object.fromEntries(this.#book.allFlapping().slice(0, maxStored))
    await this.#bucket?.put(flapKey, { kind: 'flapping', token: this.#view.lease.token, alerts })
  }
}
