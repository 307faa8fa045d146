import type { NotifyEvent } from '@nightshift/shared/events/notify'
import type { Companion, CompanionKind, ShardView } from '../companion.ts'
import { startPosition } from '../state/position.ts'

const rule = 'notification-undeliverable'

/**
 * A channel on which a notification died is told of by the others, until it delivers again. The alert about it may die on it too: it fires
 * already then, so nothing goes round.
 */
export const undeliverable: CompanionKind = (view) => new Undeliverable(view)

class Undeliverable implements Companion {
  readonly #view: ShardView

  constructor(view: ShardView) {
    this.#view = view
  }

  async settled({ channel, outcome, error, id, time, correlation_id: correlationId }: NotifyEvent): Promise<void> {
    if (outcome !== 'dead' && outcome !== 'delivered') return
    const labels = { channel }
    const isOn = outcome === 'dead'
    const detail = isOn ? `the channel ${channel} cannot deliver: ${error ?? 'no reason given'}` : `the channel ${channel} delivers again`
    const { host } = this.#view.context
    const seen = {
      rule,
      kind: 'delivery',
      host,
      labels,
      severity: 'critical',
      isOn,
      detail,
      value: null,
      at: Date.parse(time),
      id,
      correlationId,
    } as const
    await this.#view.carryOut(this.#view.engine.observe(seen, { stream: 'EVENTS', position: startPosition }))
  }
}
