import type { NotifyEvent } from '@nightshift/shared/events/notify'
import { derivedId } from '@nightshift/shared/ids'
import type { Host } from '@nightshift/shared/subjects'
import type { Companion, CompanionKind, ShardView } from '../companion.ts'
import { startPosition } from '../state/position.ts'

const rule = 'notification-undeliverable'

/**
 * A channel on which a notification died is told of by the others, until it delivers again. The alert about it may die on it too: it fires
 * already then, so nothing goes round.
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

  async settled({ channel, outcome, error, id, time, correlation_id: correlationId }: NotifyEvent): Promise<void> {
    if (outcome !== 'dead' && outcome !== 'delivered') return
    const isOn = outcome === 'dead'
    // What waited for a channel that is gone is dead, and the channel is not missed.
    if (isOn ? !this.#isConfigured(channel) : !this.#hostOf.has(channel)) return
    const detail = isOn ? `the channel ${channel} cannot deliver: ${error ?? 'no reason given'}` : `the channel ${channel} delivers again`
    await this.#say(channel, { isOn, detail, at: Date.parse(time), id, correlationId })
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
      await this.#say(channel, { isOn: false, detail: `the channel ${channel} was removed`, at, id, correlationId: id, endReason })
    }
  }

  #isConfigured(channel: string): boolean {
    return Object.hasOwn(this.#view.config().channels, channel)
  }

  async #say(channel: string, said: Seen): Promise<void> {
    const host = this.#hostOf.get(channel) ?? this.#view.context.host
    if (said.isOn) this.#hostOf.set(channel, host)
    else this.#hostOf.delete(channel)
    const seen = { ...said, rule, kind: 'delivery', host, labels: { channel }, severity: 'critical', value: null } as const
    await this.#view.carryOut(this.#view.engine.observe(seen, { stream: 'EVENTS', position: startPosition }))
  }
}
