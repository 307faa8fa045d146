const idBytes = 32
const smallest = 1024
const fullest = 0.7

/** A set of ids in 33 bytes a place: a Set of texts takes ten times as much, and a repository has millions of blobs. */
export class IdSet {
  #ids = Buffer.alloc(smallest * idBytes)
  #taken = new Uint8Array(smallest)
  #size = 0

  get size(): number {
    return this.#size
  }

  has(id: string): boolean {
    const bytes = Buffer.from(id, 'hex')
    return this.#taken[this.#placeOf(bytes)] === 1
  }

  /** True when it was not there before. */
  add(id: string): boolean {
    const bytes = Buffer.from(id, 'hex')
    const place = this.#placeOf(bytes)
    if (this.#taken[place] === 1) return false
    bytes.copy(this.#ids, place * idBytes)
    this.#taken[place] = 1
    this.#size += 1
    if (this.#size > this.#taken.length * fullest) this.#grow()
    return true
  }

  /** The place of the id, or the free one where it would go. Ids are hashes: their first bytes spread evenly. */
  #placeOf(bytes: Buffer): number {
    const mask = this.#taken.length - 1
    let place = bytes.readUInt32LE(0) & mask
    while (this.#taken[place] === 1 && bytes.compare(this.#ids, place * idBytes, (place + 1) * idBytes) !== 0) place = (place + 1) & mask
    return place
  }

  #grow(): void {
    const [ids, taken] = [this.#ids, this.#taken]
    this.#ids = Buffer.alloc(ids.length * 2)
    this.#taken = new Uint8Array(taken.length * 2)
    for (const [place, isTaken] of taken.entries()) {
      if (isTaken === 0) continue
      const bytes = ids.subarray(place * idBytes, (place + 1) * idBytes)
      const next = this.#placeOf(bytes)
      bytes.copy(this.#ids, next * idBytes)
      this.#taken[next] = 1
    }
  }
}
