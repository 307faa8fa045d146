import { setTimeout } from 'node:timers/promises'
import { withUpdatesOf, type Inventory } from '../inventory/facts.ts'
import { label, type Item, type SourceDefinition } from './source.ts'

/** The first inventory waits: a start, and what starts beside it, shall not compete with a package manager. */
const firstDelayMs = 15_000

/** What the host is made of, in words, and how many updates it waits for. */
export const inventorySource: SourceDefinition<'inventory'> = {
  group: 'inventory',
  open(host) {
    const stopping = new AbortController()
    let last: Inventory | undefined
    return {
      async read() {
        if (last === undefined) await setTimeout(firstDelayMs, undefined, { signal: stopping.signal, ref: false })
        const { inventoryByChild } = await import('../inventory/inventory-process.ts')
        const isKnown = typeof last?.numbers['updates'] === 'number'
        last = withUpdatesOf(last, await inventoryByChild(host, isKnown ? (last?.packageStamp ?? '') : '', stopping.signal))
        return { fields: last.numbers, items: inventoryItems(last) }
      },
      close: () => stopping.abort(),
    }
  },
}

export function inventoryItems({ facts }: Inventory): Item[] {
  return facts.map(({ kind, name, value, sizeBytes }) => ({
    kind: label(kind),
    name: label(name),
    value: label(value),
    present: 1,
    ...(sizeBytes === undefined ? {} : { size_bytes: sizeBytes }),
  }))
}
