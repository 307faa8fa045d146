import type { Bucket } from '@nightshift/shared/bus/bus'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import { alertEventOf } from '../alert/alert-event.ts'
import type { Companion, CompanionKind, ShardView } from '../companion.ts'
import type { Group } from '../group/group.ts'
import type { Tracked } from '../tracking/alert-book.ts'
import { ackBucket, type Ack } from './ack.ts'

/** Acknowledgements of the bucket `acks`, which every replica may write; the one that works tells of them and heeds them. */
export const acks: CompanionKind = (view) => new Acks(view)

class Acks implements Companion {
  readonly #view: ShardView
  /** When the acknowledgement of an alert that is in force was given. */
  readonly #carriedOut = new Map<string, number>()
  #bucket: Bucket<Ack> | undefined
  #watch: { stop(): void } | undefined

  constructor(view: ShardView) {
    this.#view = view
  }

  /** What an earlier run may not have carried out is carried out again: the event has the same id, the groups know. */
  async open(): Promise<void> {
    const bucket = await this.#view.context.bus.bucket('acks', ackBucket)
    this.#bucket = bucket
    this.#watch = await bucket.watch((_, entry) => {
      if (entry !== undefined) void this.#view.exclusively(async () => await this.#carryOut(entry.value))
    })
  }

  /** With the end of the occurrence its acknowledgement has done its work. */
  async told(event: AlertEvent): Promise<void> {
    if (event.phase !== 'resolved' || !this.#carriedOut.delete(event.fingerprint)) return
    await this.#bucket?.delete(event.fingerprint)
  }

  async stop(): Promise<void> {
    this.#watch?.stop()
    await Promise.resolve()
  }

  async #carryOut(ack: Ack): Promise<void> {
    const { book, groups, desk } = this.#view
    const tracked = book.find(ack.fingerprint)
    if (tracked?.life?.phase !== 'firing' || tracked.life.epoch !== ack.epoch) return
    const nowMs = this.#view.context.clock.now()
    if (ack.until_ms !== null && ack.until_ms <= nowMs) return await this.#release(ack, nowMs)
    if (this.#carriedOut.get(ack.fingerprint) === ack.time_ms) return
    this.#carriedOut.set(ack.fingerprint, ack.time_ms)
    // An earlier run may have carried it out, and what came after that counts: another acknowledgement, or something critical.
    const isHeeded = ({ members }: Group): boolean => members[ack.fingerprint]?.acked_ms === ack.time_ms
    const holding = groups.of(ack.fingerprint)
    if (holding.length > 0 && holding.every(isHeeded)) return
    const acked = { actor: ack.actor, time_ms: ack.time_ms, until_ms: ack.until_ms }
    await this.#view.tell(this.#eventOf(tracked, tracked.life, ack))
    for (const group of groups.of(ack.fingerprint)) {
      if (isHeeded(group)) continue
      const saying = groups.acknowledge(group.id, ack.fingerprint, acked, nowMs)
      if (saying !== undefined) await desk.carryOut([saying])
    }
  }

  /** It was given back, or its time is up. */
  async #release(ack: Ack, nowMs: number): Promise<void> {
    const { groups, desk } = this.#view
    for (const group of groups.of(ack.fingerprint)) {
      // Somebody may have taken another alert of the group on since.
      if (group.acked === null || group.acked.time_ms > ack.time_ms) continue
      const saying = groups.release(group.id, nowMs)
      if (saying !== undefined) await desk.carryOut([saying])
    }
  }

  #eventOf(tracked: Tracked, life: NonNullable<Tracked['life']>, ack: Ack): AlertEvent {
    const { context, rules } = this.#view
    const reason = `acknowledged by ${ack.actor}${ack.comment === '' ? '' : `: ${ack.comment}`}`
    const transition = { phase: 'acked', severity: life.severity, reason, at: ack.time_ms, trigger: String(ack.time_ms) } as const
    const changed = { ...life, changed_ms: Math.max(life.changed_ms, ack.time_ms) }
    return alertEventOf(context.source, tracked.series, rules().find(tracked.series.rule), changed, transition)
  }
}
