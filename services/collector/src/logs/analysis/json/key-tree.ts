/** A key of an object on the way to a wanted value. */
export interface KeyNode {
  readonly key: Buffer
  readonly hash: number
  /** Number of the wanted value that stands under this key, or -1. */
  leaf: number
  /** Keys below it; null when nothing below it is wanted. */
  children: KeySet | null
  /** The line in which it was met last: a second time in one line means a duplicate key. */
  metInLine: number
}

/**
 * Which keys of a JSON object are wanted, as a tree. A name with a dot is wanted both as it stands and as a way through objects:
 * `req.url` is the key "req.url" and the key "url" in "req".
 */
export class KeyTree {
  readonly root: KeyNode = newNode('')
  /** The way to each wanted value, by its number. */
  readonly ways: (readonly string[])[] = []
  readonly #nameOf: number[] = []

  constructor(names: readonly string[]) {
    for (const [index, name] of names.entries()) {
      this.#add([name], index)
      const way = name.split('.')
      if (way.length > 1 && way.every((key) => key !== '')) this.#add(way, index)
    }
  }

  /** The place in `names` that a wanted value belongs to. Smaller is better. */
  nameOf(leaf: number): number {
    return this.#nameOf[leaf] as number
  }

  #add(way: readonly string[], name: number): void {
    let node = this.root
    for (const key of way) {
      node.children ??= new KeySet()
      node = node.children.findOrAdd(key)
    }
    if (node.leaf !== -1) return
    node.leaf = this.ways.push(way) - 1
    this.#nameOf.push(name)
  }
}

/** The hash that the scanner makes of a key while it looks for its end. */
export function nextKeyHash(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) | 0
}

/** The wanted keys of one object. */
class KeySet {
  #slots: (KeyNode | undefined)[] = [undefined, undefined]
  #size = 0

  find(hash: number, bytes: Uint8Array, from: number, to: number): KeyNode | null {
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = hash & mask
    for (let node = slots[slot]; node !== undefined; node = slots[slot]) {
      if (node.hash === hash && node.key.length === to - from && isAt(node.key, bytes, from)) return node
      slot = (slot + 1) & mask
    }
    return null
  }

  findOrAdd(key: string): KeyNode {
    const node = newNode(key)
    const known = this.find(node.hash, node.key, 0, node.key.length)
    if (known !== null) return known
    this.#size++
    const old = this.#slots
    // At most a quarter full: most keys of a line are not wanted, and end at the first look.
    if (this.#size * 4 > old.length) {
      this.#slots = Array.from({ length: old.length * 4 }, () => undefined)
      for (const each of old) if (each !== undefined) this.#insert(each)
    }
    this.#insert(node)
    return node
  }

  #insert(node: KeyNode): void {
    const mask = this.#slots.length - 1
    let slot = node.hash & mask
    while (this.#slots[slot] !== undefined) slot = (slot + 1) & mask
    this.#slots[slot] = node
  }
}

function isAt(key: Uint8Array, bytes: Uint8Array, from: number): boolean {
  for (let at = 0; at < key.length; at++) if (key[at] !== bytes[from + at]) return false
  return true
}

function newNode(key: string): KeyNode {
  const bytes = Buffer.from(key)
  return { key: bytes, hash: bytes.reduce(nextKeyHash, 0), leaf: -1, children: null, metInLine: 0 }
}
