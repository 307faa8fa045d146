/** A heap of so few is not worth compacting. */
const minHeap = 64

/** Which key is due first: a binary heap of [time, key], in which a key that was given another time since is skipped. */
export class DueQueue {
  readonly #due = new Map<string, number>()
  #heap: [dueMs: number, key: string][] = []

  /** Entries in the heap, those that are skipped among them. */
  get heapSize(): number {
    return this.#heap.length
  }

  /** When the first is due; undefined when nothing is. */
  get firstMs(): number | undefined {
    this.#skipStale()
    return this.#heap[0]?.[0]
  }

  /** Sets when a key is due; undefined takes it out. */
  set(key: string, dueMs: number | undefined): void {
    if (this.#due.get(key) === dueMs) return
    if (dueMs === undefined) {
      this.#due.delete(key)
      return
    }
    this.#due.set(key, dueMs)
    if (this.#heap.length > 2 * this.#due.size + minHeap) this.#compact()
    else this.#push([dueMs, key])
  }

  /** The keys that are due, at most `limit` of them; they are taken out. */
  take(nowMs: number, limit: number): string[] {
    const keys: string[] = []
    for (this.#skipStale(); keys.length < limit; this.#skipStale()) {
      const first = this.#heap[0]
      if (first === undefined || first[0] > nowMs) break
      this.#due.delete(first[1])
      keys.push(first[1])
    }
    return keys
  }

  #skipStale(): void {
    for (let first = this.#heap[0]; first !== undefined && this.#due.get(first[1]) !== first[0]; first = this.#heap[0]) this.#pop()
  }

  /** Leaves out what was skipped so far: a sorted list is a heap. */
  #compact(): void {
    const entries = [...this.#due].map(([key, dueMs]): [number, string] => [dueMs, key])
    this.#heap = entries.toSorted(([a], [b]) => a - b)
  }

  #push(entry: [number, string]): void {
    const heap = this.#heap
    let at = heap.push(entry) - 1
    for (let above = (at - 1) >> 1; at > 0 && timeAt(heap, above) > entry[0]; above = (at - 1) >> 1) {
      swap(heap, at, above)
      at = above
    }
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    heap[0] = last
    for (let at = 0; ;) {
      const left = 2 * at + 1
      const least = timeAt(heap, left + 1) < timeAt(heap, left) ? left + 1 : left
      if (timeAt(heap, least) >= timeAt(heap, at)) return
      swap(heap, at, least)
      at = least
    }
  }
}

function timeAt(heap: readonly [number, string][], at: number): number {
  return heap[at]?.[0] ?? Number.POSITIVE_INFINITY
}

function swap(heap: [number, string][], a: number, b: number): void {
  const [left, right] = [heap[a], heap[b]]
  if (left === undefined || right === undefined) return
  heap[a] = right
  heap[b] = left
}
