import type { MetricEvent } from '@nightshift/shared/events/metric'

/** What a host says of itself beside any alert about it: shares from 0 to 1; null: not known. */
export interface HostFigures {
  readonly cpu_ratio: number | null
  readonly memory_ratio: number | null
  /** Of the fullest file system. */
  readonly disk_ratio: number | null
}

const maxHosts = 20_000
const unknown: HostFigures = { cpu_ratio: null, memory_ratio: null, disk_ratio: null }

/** The last figures of every host that was heard. Bounded: the host that was heard first goes first. */
export class HostFigureBook {
  readonly #known = new Map<string, HostFigures>()

  of(host: string | null): HostFigures | null {
    return host === null ? null : (this.#known.get(host) ?? null)
  }

  note(host: string, event: MetricEvent): void {
    const change = figuresIn(event)
    if (change === undefined) return
    const known = this.#known.get(host)
    if (known === undefined && this.#known.size >= maxHosts) for (const oldest of this.#known.keys().take(1)) this.#known.delete(oldest)
    this.#known.set(host, { ...(known ?? unknown), ...change })
  }

  forget(host: string): void {
    this.#known.delete(host)
  }
}

function figuresIn({ group, fields, items }: MetricEvent): Partial<HostFigures> | undefined {
  switch (group) {
    case 'cpu':
      return { cpu_ratio: fields?.['usage_ratio'] ?? null }
    case 'mem':
      return { memory_ratio: fields?.['used_ratio'] ?? null }
    case 'fs': {
      const ratios = (items ?? []).flatMap(({ used_ratio: ratio, readonly }) =>
        typeof ratio === 'number' && readonly !== 1 ? [ratio] : [],
      )
      return { disk_ratio: ratios.length === 0 ? null : Math.max(...ratios) }
    }
    default:
      return undefined
  }
}
