import type { Received } from '@nightshift/shared/events/parse'
import { derivedId } from '@nightshift/shared/ids'
import { parseSubject, type Host } from '@nightshift/shared/subjects'
import type { Companion, CompanionKind, ShardView } from '../companion.ts'
import { covers, startPosition, type Position } from '../state/position.ts'
import type { Change } from '../tracking/engine.ts'
import { labelsKey } from '../tracking/labels-key.ts'

const rule = 'notification-undeliverable'
const oldNewsMs = 10 * 60_000

/**
 * A channel on which a notification died is told of by the others, until it delivers again. The alert about it may die on it too: it fires
 * already then, so nothing goes round. What became of notifications is read from the bus: of a channel that several shards use one tells.
 */
export const undeliverable: CompanionKind = (view) => new Undeliverable(view)

interface Seen {
  readonly isOn: boolean
  readonly detail: string
  readonly at: number
  readonly id: string
  readonly correlationId: string
  readonly endReason?: string
}

class Undeliverable implements Companion {
  readonly #view: ShardView
  /** The host about which it was told, per channel that cannot deliver: it may be another than ours, which worked before. */
  readonly #hostOf = new Map<string, Host>()

  constructor(view: ShardView) {
    this.#view = view
  }

  async open(): Promise<void> {
    for (const { series, life } of this.#view.book.all()) {
      if (series.rule === rule && life?.phase === 'firing') this.#hostOf.set(series.labels['channel'] ?? '', series.host)
    }
    // Told after everything is taken up.
    if (this.#hostOf.size > 0) void this.#view.exclusively(async () => await this.#endRemoved())
    await Promise.resolve()
  }

  /** All that died, and what is delivered by a channel that could not. */
  reads(subject: string): boolean {
    const address = parseSubject(subject, this.#view.context.bus.namespace)
    if (address?.kind !== 'notify') return false
    return address.outcome === 'dead' || (address.outcome === 'delivered' && this.#hostOf.has(address.channel))
  }

  see(received: Received, { position }: { position: Position }): readonly Change[] {
    if (received.kind !== 'notify') return []
    const { channel, outcome, error, id, time, correlation_id: correlationId } = received.event
    const at = Date.parse(time)
    const isOn = outcome === 'dead'
    // A first start reads what died long ago; and after a crash what is known may come again.
    if (this.#view.context.clock.now() - at > oldNewsMs || this.#isApplied(channel, position)) return []
    // What waited for a channel that is gone is dead, and the channel is not missed.
    if (isOn ? !this.#isConfigured(channel) : !this.#hostOf.has(channel)) return []
    const detail = isOn ? `the channel ${channel} cannot deliver: ${error ?? 'no reason given'}` : `the channel ${channel} delivers again`
    return this.#observe(channel, { isOn, detail, at, id, correlationId }, position)
  }

  async reload(): Promise<void> {
    await this.#endRemoved()
  }

  async #endRemoved(): Promise<void> {
    const at = this.#view.context.clock.now()
    for (const channel of this.#hostOf.keys()) {
      if (this.#isConfigured(channel)) continue
      const id = derivedId(at, rule, channel)
      const endReason = 'channel removed'
      const said = { isOn: false, detail: `the channel ${channel} was removed`, at, id, correlationId: id, endReason }
      await this.#view.carryOut(this.#observe(channel, said, startPosition))
    }
  }

  #isConfigured(channel: string): boolean {
    return Object.hasOwn(this.#view.config().channels, channel)
  }

  #isApplied(channel: string, position: Position): boolean {
    const host = this.#hostOf.get(channel) ?? this.#view.context.host
    const record = this.#view.book.watch(rule, host)?.alerts.get(labelsKey({ channel }))?.record
    return record !== undefined && covers(record.applied.EVENTS, position)
  }

  #observe(channel: string, said: Seen, position: Position): Change[] {
    const host = this.#hostOf.get(channel) ?? this.#view.context.host
    if (said.isOn) this.#hostOf.set(channel, host)
    else this.#hostOf.delete(channel)
    const seen = { ...said, rule, kind: 'delivery', host, labels: { channel }, severity: 'critical', value: null } as const
    return this.#view.engine.observe(seen, { stream: 'EVENTS', position })
  }
}
