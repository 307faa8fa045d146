import { nextKeyHash, type KeyNode, type KeyTree } from './key-tree.ts'

/** Where the scan ended when it is no place in the line. */
const invalid = -1
const unsure = -2
/** Deeper objects are left to JSON.parse, whose stack is longer. */
const maxDepth = 32

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const colon = 0x3a

export type Verdict = 'object' | 'invalid' | 'unsure'
export const isText = 1
export const isEscapedText = 2
export const isNumber = 3

/**
 * Reads the wanted values of one JSON object from its bytes, without making it. Accepts what JSON.parse accepts, and nothing else. What it
 * would have to decode to understand (an escaped key, the same wanted key twice, great depth) it calls `unsure`, and the caller asks
 * JSON.parse. The byte at `end` must be a line feed or the carriage return before it.
 */
export class JsonScanner {
  /** The wanted values that were met in this line: texts between their quotes, and numbers. */
  hits = 0
  readonly leaf: Int32Array
  readonly kind: Uint8Array
  readonly from: Int32Array
  readonly to: Int32Array
  readonly #root: KeyNode
  #line = 0
  #isEscaped = false

  constructor(tree: KeyTree) {
    const count = tree.ways.length
    this.leaf = new Int32Array(count)
    this.kind = new Uint8Array(count)
    this.from = new Int32Array(count)
    this.to = new Int32Array(count)
    this.#root = tree.root
  }

  scan(bytes: Uint8Array, start: number, end: number): Verdict {
    this.#line = (this.#line + 1) | 0
    this.hits = 0
    const from = skipBlanks(bytes, start)
    if (bytes[from] !== 0x7b) return 'invalid'
    const to = this.#object(bytes, from + 1, this.#root, 0)
    if (to < 0) return to === unsure ? 'unsure' : 'invalid'
    return skipBlanks(bytes, to) >= end ? 'object' : 'invalid'
  }

  /** `at` is after the brace. Each of these gives the place after what it read. */
  #object(bytes: Uint8Array, at: number, node: KeyNode | null, depth: number): number {
    if (depth > maxDepth) return unsure
    const children = node === null ? null : node.children
    let pos = skipBlanks(bytes, at)
    if (bytes[pos] === 0x7d) return pos + 1
    for (;;) {
      if (bytes[pos] !== quote) return invalid
      const keyFrom = pos + 1
      let child: KeyNode | null = null
      if (children === null) {
        pos = this.#text(bytes, keyFrom)
        if (pos < 0) return pos
      } else {
        let hash = 0
        pos = keyFrom
        for (let byte = bytes[pos] as number; byte !== quote; byte = bytes[++pos] as number) {
          if (byte === backslash) return unsure
          if (byte < 0x20) return invalid
          hash = nextKeyHash(hash, byte)
        }
        child = children.find(hash, bytes, keyFrom, pos)
        if (child !== null) {
          if (child.metInLine === this.#line) return unsure
          child.metInLine = this.#line
        }
      }
      pos = skipBlanks(bytes, pos + 1)
      if (bytes[pos] !== colon) return invalid
      pos = this.#value(bytes, skipBlanks(bytes, pos + 1), child, depth)
      if (pos < 0) return pos
      pos = skipBlanks(bytes, pos)
      const byte = bytes[pos]
      if (byte === 0x7d) return pos + 1
      if (byte !== comma) return invalid
      pos = skipBlanks(bytes, pos + 1)
    }
  }

  #array(bytes: Uint8Array, at: number, depth: number): number {
    if (depth > maxDepth) return unsure
    let pos = skipBlanks(bytes, at)
    if (bytes[pos] === 0x5d) return pos + 1
    for (;;) {
      pos = this.#value(bytes, pos, null, depth)
      if (pos < 0) return pos
      pos = skipBlanks(bytes, pos)
      const byte = bytes[pos]
      if (byte === 0x5d) return pos + 1
      if (byte !== comma) return invalid
      pos = skipBlanks(bytes, pos + 1)
    }
  }

  #value(bytes: Uint8Array, at: number, node: KeyNode | null, depth: number): number {
    const byte = bytes[at] as number
    if (byte === quote) {
      const to = this.#text(bytes, at + 1)
      if (to < 0) return to
      if (node !== null && node.leaf !== -1) this.#hit(node.leaf, this.#isEscaped ? isEscapedText : isText, at + 1, to)
      return to + 1
    }
    if (byte === 0x7b) return this.#object(bytes, at + 1, node, depth + 1)
    if (byte === 0x5b) return this.#array(bytes, at + 1, depth + 1)
    if (byte === 0x74) return word(bytes, at, 0x72, 0x75, 0x65)
    if (byte === 0x6e) return word(bytes, at, 0x75, 0x6c, 0x6c)
    if (byte === 0x66) return bytes[at + 1] === 0x61 ? word(bytes, at + 1, 0x6c, 0x73, 0x65) : invalid
    const to = number(bytes, at)
    if (to >= 0 && node !== null && node.leaf !== -1) this.#hit(node.leaf, isNumber, at, to)
    return to
  }

  #hit(leaf: number, kind: number, from: number, to: number): void {
    const index = this.hits++
    this.leaf[index] = leaf
    this.kind[index] = kind
    this.from[index] = from
    this.to[index] = to
  }

  /** The place of the closing quote. */
  #text(bytes: Uint8Array, at: number): number {
    this.#isEscaped = false
    for (let pos = at; ; pos++) {
      const byte = bytes[pos] as number
      if (byte === quote) return pos
      if (byte < 0x20) return invalid
      if (byte !== backslash) continue
      this.#isEscaped = true
      pos++
      const escaped = bytes[pos] as number
      if (escaped === 0x75) {
        for (let last = pos + 4; pos < last; pos++) if (!isHex(bytes[pos + 1] as number)) return invalid
      } else if (!isEscape(escaped)) return invalid
    }
  }
}

function skipBlanks(bytes: Uint8Array, at: number): number {
  let pos = at
  for (let byte = bytes[pos]; byte === 0x20 || byte === 0x09 || byte === 0x0d; byte = bytes[++pos]);
  return pos
}

function word(bytes: Uint8Array, at: number, second: number, third: number, fourth: number): number {
  return bytes[at + 1] === second && bytes[at + 2] === third && bytes[at + 3] === fourth ? at + 4 : invalid
}

function number(bytes: Uint8Array, at: number): number {
  let pos = bytes[at] === 0x2d ? at + 1 : at
  if (bytes[pos] === 0x30) pos++
  else {
    const from = pos
    pos = skipDigits(bytes, pos)
    if (pos === from) return invalid
  }
  if (bytes[pos] === 0x2e) {
    const from = pos + 1
    pos = skipDigits(bytes, from)
    if (pos === from) return invalid
  }
  if (bytes[pos] === 0x65 || bytes[pos] === 0x45) {
    pos++
    if (bytes[pos] === 0x2b || bytes[pos] === 0x2d) pos++
    const from = pos
    pos = skipDigits(bytes, from)
    if (pos === from) return invalid
  }
  return pos
}

function skipDigits(bytes: Uint8Array, at: number): number {
  let pos = at
  for (let byte = bytes[pos] as number; byte >= 0x30 && byte <= 0x39; byte = bytes[++pos] as number);
  return pos
}

function isHex(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)
}

/** `"` `\` `/` b f n r t */
function isEscape(byte: number): boolean {
  return (
    byte === quote ||
    byte === backslash ||
    byte === 0x2f ||
    byte === 0x62 ||
    byte === 0x66 ||
    byte === 0x6e ||
    byte === 0x72 ||
    byte === 0x74
  )
}
