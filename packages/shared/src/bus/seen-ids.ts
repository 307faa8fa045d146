/**
 * The ids of what was handled last, the oldest forgotten first. The server drops copies only within its window of two minutes, and a spool
 * may be replayed long after; so readers keep such a set, and store it with their state.
 */
export class SeenIds {
  private readonly ids: Set<string>
  private readonly capacity: number

  constructor(capacity: number, ids: readonly string[] = []) {
    this.capacity = capacity
    this.ids = new Set(ids.slice(-capacity))
  }

  get size(): number {
    return this.ids.size
  }

  has(id: string): boolean {
    return this.ids.has(id)
  }

  /** False when it was there already. */
  add(id: string): boolean {
    if (this.ids.has(id)) return false
    this.ids.add(id)
    if (this.ids.size > this.capacity) {
      const [oldest] = this.ids
      if (oldest !== undefined) this.ids.delete(oldest)
    }
    return true
  }

  /** The oldest first. */
  toJSON(): string[] {
    return [...this.ids]
  }
}
