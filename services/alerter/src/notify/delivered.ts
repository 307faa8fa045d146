import type { NotifyEvent } from '@nightshift/shared/events/notify'

/** Deliveries that are remembered, the oldest goes first. */
const maxRemembered = 2000

/**
 * What this process delivered. The note of it may not be stored, as when the broker is away, its disk is full or the lease is lost; who takes
 * the shard up again in the same process then need not send it again.
 */
export class Delivered {
  readonly #outcomes = new Map<string, NotifyEvent>()

  note(outcome: NotifyEvent): void {
    this.#outcomes.set(keyOf(outcome.notification, outcome.channel), outcome)
    const [oldest] = this.#outcomes.keys()
    if (oldest !== undefined && this.#outcomes.size > maxRemembered) this.#outcomes.delete(oldest)
  }

  /** undefined: not by this process, as far as it knows. */
  of({ id, channel }: { readonly id: string; readonly channel: string }): NotifyEvent | undefined {
    return this.#outcomes.get(keyOf(id, channel))
  }
}

function keyOf(notification: string, channel: string): string {
  return `${notification}\u0000${channel}`
}
