import type { Entry } from './outbox.ts'

/** Entries of one group, in their order; never empty. */
export type Waiting = readonly [first: Entry, ...Entry[]]

/** What waits for a channel, by group: those about one group keep their order. */
export class GroupQueue {
  readonly #groups = new Map<string, [Entry, ...Entry[]]>()

  add(entry: Entry): void {
    const group = groupOf(entry)
    const waiting = this.#groups.get(group)
    if (waiting === undefined) this.#groups.set(group, [entry])
    else waiting.push(entry)
  }

  /** Whether this is still all that waits of its group. */
  has(waiting: Waiting): boolean {
    return this.#groups.get(groupOf(waiting[0])) === waiting
  }

  groups(): IterableIterator<[group: string, waiting: Waiting]> {
    return this.#groups.entries()
  }

  remove(entry: Entry): void {
    const group = groupOf(entry)
    const [first, ...rest] = (this.#groups.get(group) ?? []).filter((each) => each !== entry)
    if (first === undefined) this.#groups.delete(group)
    else this.#groups.set(group, [first, ...rest])
  }

  clear(): void {
    this.#groups.clear()
  }
}

export function groupOf(entry: Entry): string {
  return entry.record.notification.group
}
