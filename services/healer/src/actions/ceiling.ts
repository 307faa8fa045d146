import type { Clock } from '@nightshift/shared/clock'

/**
 * The last guard before an action, with a memory and a clock of its own: if the rails should ever let too much through, it does not.
 * Twice the configured rate, so that it never decides in their place.
 */
export class ActionCeiling {
  private readonly clock: Clock
  private readonly begunMs: number[] = []

  constructor(clock: Clock) {
    this.clock = clock
  }

  admits(rate: { actions: number; perMs: number }): boolean {
    const now = this.clock.monotonicMs()
    while (this.begunMs.length > 0 && now - (this.begunMs[0] ?? 0) >= rate.perMs) this.begunMs.shift()
    if (this.begunMs.length >= 2 * rate.actions) return false
    this.begunMs.push(now)
    return true
  }
}
