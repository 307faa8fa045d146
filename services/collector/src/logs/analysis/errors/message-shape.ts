const longestMessage = 512
const hash = 0x23

/**
 * A message without what differs from time to time: numbers, hexadecimal and random identifiers become `#`, paths `/#`, quoted texts `"#"`,
 * addresses with an at sign `#@#`, blanks one blank. Works on bytes and writes into a buffer of its own, because it runs for every error line.
 */
export class MessageShape {
  readonly bytes = Buffer.alloc(longestMessage * 2 + 64)
  length = 0

  /** Of the first line of the message. */
  write(source: Buffer, from: number, to: number): void {
    this.length = 0
    const end = Math.min(to, from + longestMessage)
    let before = 0x20
    let at = from
    while (at < end) {
      const byte = source[at] as number
      if (byte === 0x0a) break
      if (isWordByte(byte)) at = this.#word(source, at, end)
      else if (byte === 0x2f && !isWordByte(before) && at + 1 < end && isPathByte(source[at + 1] as number))
        at = this.#path(source, at, end)
      else if ((byte === 0x22 || byte === 0x60 || byte === 0x27) && !isWordByte(before)) at = this.#quoted(source, at, end, byte)
      else if (byte === 0x20 || byte === 0x09) {
        if (before !== 0x20) this.#put(0x20)
        at++
        before = 0x20
        continue
      } else {
        this.#put(byte)
        at++
      }
      before = source[at - 1] as number
    }
    while (this.length > 0 && this.bytes[this.length - 1] === 0x20) this.length--
  }

  /** Something that tells this message from others of the same shape. */
  append(text: string): void {
    this.length += this.bytes.write(text, this.length)
  }

  #put(byte: number): void {
    this.bytes[this.length++] = byte
  }

  #word(source: Buffer, from: number, end: number): number {
    let digits = 0
    let isHex = true
    let to = from
    for (; to < end; to++) {
      const byte = source[to] as number
      const isDash = byte === 0x2d && to + 1 < end && isWordByte(source[to + 1] as number)
      if (!isWordByte(byte) && !isDash) break
      if (byte >= 0x30 && byte <= 0x39) digits++
      else if (!isDash && !(byte >= 0x61 && byte <= 0x66) && !(byte >= 0x41 && byte <= 0x46)) isHex = false
    }
    if (source[to] === 0x40 && to + 1 < end && isWordByte(source[to + 1] as number)) {
      for (; to < end && isPathByte(source[to] as number); to++);
      this.#put(hash)
      this.#put(0x40)
      this.#put(hash)
      return to
    }
    const length = to - from
    if (digits > 0 && ((isHex && length >= 8) || (length >= 16 && digits >= 3))) this.#put(hash)
    else if (digits === 0) for (let at = from; at < to; at++) this.#put(source[at] as number)
    else this.#withoutDigits(source, from, to)
    return to
  }

  /** Runs of digits, also with a dot in them, become one sign: `node12` is `node#`, `1.5` is `#`. */
  #withoutDigits(source: Buffer, from: number, to: number): void {
    for (let at = from; at < to; at++) {
      const byte = source[at] as number
      if (!(byte >= 0x30 && byte <= 0x39)) this.#put(byte)
      else if (this.length < 1 || this.bytes[this.length - 1] !== hash) this.#put(hash)
    }
  }

  #path(source: Buffer, from: number, end: number): number {
    let to = from + 1
    while (to < end && isPathByte(source[to] as number)) to++
    this.#put(0x2f)
    this.#put(hash)
    return to
  }

  /** What has no closing quote near by is no quoted text. */
  #quoted(source: Buffer, from: number, end: number, quote: number): number {
    let to = from + 1
    while (to < end && source[to] !== quote) to++
    if (to >= end) {
      this.#put(quote)
      return from + 1
    }
    this.#put(0x22)
    this.#put(hash)
    this.#put(0x22)
    return to + 1
  }
}

/** Letters, digits, the underscore, and every byte of a character beyond ASCII. */
function isWordByte(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f || byte >= 0x80
}

function isPathByte(byte: number): boolean {
  return byte > 0x20 && byte !== 0x22 && byte !== 0x27 && byte !== 0x60 && byte !== 0x29 && byte !== 0x2c && byte !== 0x5d && byte !== 0x3b
}
