/** One slot. */
interface Entry<T> {
  readonly hash: number
  readonly key: Uint8Array
  value: T
}

/** A piece of a buffer that is used again. Small arrays live on the heap, where they are cheap. */
export function copyBytes(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const copy = new Uint8Array(to - from)
  for (let at = from; at < to; at++) copy[at - from] = bytes[at] as number
  return copy
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
}

/** FNV-1a over the bytes. */
function hashBytes(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5 | 0
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
  return hash
}

/**
 * A map from byte strings to values that looks up a piece of a buffer without making a text of it. Keys are compared byte by byte, so two of
 * the same hash stay two. Holds at most `capacity` keys: `add` beyond it is refused, the caller deletes one first or counts an overflow.
 */
export class ByteTable<T> {
  readonly capacity: number
  readonly #mask: number
  readonly #entries: (Entry<T> | undefined)[]
  #size = 0

  constructor(capacity: number) {
    this.capacity = capacity
    // At most half full: runs stay short.
    const slots = 2 ** Math.ceil(Math.log2(Math.max(2, capacity * 2)))
    this.#mask = slots - 1
    this.#entries = Array.from({ length: slots }, () => undefined)
  }

  get size(): number {
    return this.#size
  }

  get isFull(): boolean {
    return this.#size >= this.capacity
  }

  find(bytes: Uint8Array, from: number, to: number): T | undefined {
    return this.#entries[this.#slotOf(bytes, from, to, hashBytes(bytes, from, to))]?.value
  }

  /** False when there is no room. Replaces the value of a key that is there. The key is kept and must not change any more. */
  add(key: Uint8Array, value: T): boolean {
    const hash = hashBytes(key, 0, key.length)
    const slot = this.#slotOf(key, 0, key.length, hash)
    const known = this.#entries[slot]
    if (known !== undefined) {
      known.value = value
      return true
    }
    if (this.isFull) return false
    this.#entries[slot] = { hash, key, value }
    this.#size++
    return true
  }

  delete(bytes: Uint8Array, from: number, to: number): void {
    let hole = this.#slotOf(bytes, from, to, hashBytes(bytes, from, to))
    if (this.#entries[hole] === undefined) return
    this.#size--
    // What follows in the run moves up, else it would not be found any more.
    for (let slot = (hole + 1) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const entry = this.#entries[slot]
      if (entry === undefined) break
      const distanceFromHome = (slot - (entry.hash & this.#mask)) & this.#mask
      if (distanceFromHome < ((slot - hole) & this.#mask)) continue
      this.#entries[hole] = entry
      hole = slot
    }
    this.#entries[hole] = undefined
  }

  *values(): Generator<T> {
    for (const entry of this.#entries) if (entry !== undefined) yield entry.value
  }

  /** The slot of the key, or the empty one where it would stand. */
  #slotOf(bytes: Uint8Array, from: number, to: number, hash: number): number {
    let slot = hash & this.#mask
    for (let entry = this.#entries[slot]; entry !== undefined; entry = this.#entries[slot]) {
      if (entry.hash === hash && equals(entry.key, bytes, from, to)) return slot
      slot = (slot + 1) & this.#mask
    }
    return slot
  }
}

function equals(key: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (key.length !== to - from) return false
  for (let at = 0; at < key.length; at++) if (key[at] !== bytes[from + at]) return false
  return true
}
