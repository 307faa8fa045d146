import { ByteTable, copyBytes, textOf } from '../bytes/byte-table.ts'

interface Counted {
  readonly key: Uint8Array
  /** Never too small; too large by at most `overcount`. */
  count: number
  overcount: number
  bytes: number
}

export interface Hitter extends Omit<Counted, 'key'> {
  readonly name: string
}

export type SavedHitter = readonly [name: string, count: number, overcount: number, bytes: number]

const longestKey = 64

/**
 * The most frequent of very many names in bounded memory (space-saving, Metwally 2005): when it is full a new name takes the place and the
 * count of the rarest one. Who has more than 1/capacity of all sightings is in it for certain.
 */
export class HeavyHitters {
  readonly #table: ByteTable<Counted>
  readonly #list: Counted[] = []
  /** Where the search for the rarest goes on, and the smallest count there may be. */
  #cursor = 0
  #least = 0

  constructor(capacity: number, saved: readonly SavedHitter[]) {
    this.#table = new ByteTable(capacity)
    for (const [name, count, overcount, bytes] of saved.slice(0, capacity)) {
      const hitter = { key: Buffer.from(name), count, overcount, bytes }
      if (!this.#table.isFull && this.#table.find(hitter.key, 0, hitter.key.length) === undefined && this.#table.add(hitter.key, hitter))
        this.#list.push(hitter)
    }
  }

  /** Names over 64 bytes are no addresses and are left out. */
  add(source: Buffer, from: number, to: number, count: number, bytes: number): void {
    if (to <= from || to - from > longestKey) return
    let hitter = this.#table.find(source, from, to)
    if (hitter === undefined) {
      const rarest = this.#table.isFull ? this.#findRarest() : undefined
      const key = copyBytes(source, from, to)
      hitter = { key, count: rarest?.count ?? 0, overcount: rarest?.count ?? 0, bytes: 0 }
      if (rarest === undefined) this.#list.push(hitter)
      else {
        this.#table.delete(rarest.key, 0, rarest.key.length)
        this.#list[this.#cursor] = hitter
      }
      this.#table.add(key, hitter)
    }
    hitter.count += count
    hitter.bytes += bytes
  }

  top(max: number): Hitter[] {
    const most = this.#list.toSorted((a, b) => b.count - a.count).slice(0, max)
    return most.map(({ key, count, overcount, bytes }) => ({ name: textOf(key), count, overcount, bytes }))
  }

  save(max: number): SavedHitter[] {
    return this.top(max).map(({ name, count, overcount, bytes }) => [name, count, overcount, bytes])
  }

  /** Counts only grow, so the search goes on where the last one ended, and starts anew with a larger least count when it comes round. */
  #findRarest(): Counted {
    const list = this.#list
    for (let looked = 0; looked < list.length; looked++) {
      this.#cursor = (this.#cursor + 1) % list.length
      const hitter = list[this.#cursor] as Counted
      if (hitter.count <= this.#least) return hitter
    }
    let least = 0
    for (let index = 1; index < list.length; index++) if ((list[index] as Counted).count < (list[least] as Counted).count) least = index
    this.#cursor = least
    this.#least = (list[least] as Counted).count
    return list[least] as Counted
  }
}
