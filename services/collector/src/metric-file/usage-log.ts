import type { MetricEvent } from '@nightshift/shared/events/metric'
import { unknownUsage, usageOf, type Usage } from './text-line.ts'

/** The usage as the last messages told it, as long as they are fresh: a group that is no longer read must not look as if it stood still. */
export class UsageLog {
  readonly #maxAgeMs: number
  #usage: Usage = unknownUsage
  readonly #seenMs = new Map<string, number>()

  constructor(maxAgeMs: number) {
    this.#maxAgeMs = maxAgeMs
  }

  note(event: Pick<MetricEvent, 'group' | 'fields' | 'items'>, nowMs: number): void {
    const seen = usageOf(event)
    for (const name of Object.keys(seen)) this.#seenMs.set(name, nowMs)
    this.#usage = { ...this.#usage, ...seen }
  }

  at(nowMs: number): Usage {
    const fresh = (name: keyof Usage): number | null => {
      const seenMs = this.#seenMs.get(name)
      return seenMs === undefined || nowMs - seenMs > this.#maxAgeMs ? null : this.#usage[name]
    }
    return { cpu: fresh('cpu'), mem: fresh('mem'), disk: fresh('disk') }
  }
}
