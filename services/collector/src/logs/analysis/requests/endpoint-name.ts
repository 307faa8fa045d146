const slash = 0x2f
const maxSegments = 12
const longestName = 256
const idMark = Buffer.from(':id')
const emailMark = Buffer.from(':email')
const malformed = Buffer.from('(malformed)')

/**
 * Method and path as the name of an endpoint, written into a buffer of its own: the query is cut, segments that identify one thing (numbers,
 * UUIDs, hashes, tokens, anything with four digits) become `:id`, addresses `:email`.
 */
export class EndpointName {
  readonly bytes = Buffer.alloc(longestName + 64)
  length = 0

  write(methodBytes: Buffer, methodFrom: number, methodTo: number, path: Buffer, pathFrom: number, pathTo: number): void {
    this.length = 0
    if (methodTo > methodFrom && methodTo - methodFrom <= 16 && isWord(methodBytes, methodFrom, methodTo)) {
      this.#copy(methodBytes, methodFrom, methodTo)
      this.bytes[this.length++] = 0x20
    }
    let at = afterHost(path, pathFrom, pathTo)
    if (path[at] !== slash || at >= pathTo) {
      this.#copy(malformed, 0, malformed.length)
      return
    }
    for (let segments = 0; at < pathTo && path[at] === slash; segments++) {
      if (segments === maxSegments || this.length > longestName - 72) {
        this.#copy(Buffer.from('/...'), 0, 4)
        return
      }
      this.bytes[this.length++] = slash
      at = this.#segment(path, at + 1, pathTo)
    }
  }

  #segment(path: Buffer, from: number, end: number): number {
    let digits = 0
    let hex = 0
    let isAddress = false
    let isPrintable = true
    let to = from
    for (; to < end; to++) {
      const byte = path[to] as number
      if (byte === slash || byte === 0x3f || byte === 0x23 || byte === 0x3b) break
      if (byte >= 0x30 && byte <= 0x39) digits++
      if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)) hex++
      if (byte === 0x40 || (byte === 0x25 && path[to + 1] === 0x34 && path[to + 2] === 0x30)) isAddress = true
      if (byte < 0x20 || byte === 0x5c) isPrintable = false
    }
    const length = to - from
    if (isAddress) this.#copy(emailMark, 0, emailMark.length)
    else if (length > 0 && (digits === length || digits >= 4 || (hex === length && length >= 16) || length > 64 || !isPrintable))
      this.#copy(idMark, 0, idMark.length)
    else this.#copy(path, from, to)
    return path[to] === slash && to < end ? to : end
  }

  #copy(source: Buffer, from: number, to: number): void {
    for (let at = from; at < to; at++) this.bytes[this.length++] = source[at] as number
  }
}

/** `http://host/path` as proxies log it. */
function afterHost(path: Buffer, from: number, to: number): number {
  if (path[from] === slash) return from
  for (let at = from; at < Math.min(to, from + 8); at++) {
    if (path[at] !== 0x3a || path[at + 1] !== slash || path[at + 2] !== slash) continue
    let end = at + 3
    while (end < to && path[end] !== slash) end++
    return end
  }
  return from
}

function isWord(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const letter = (bytes[at] as number) | 0x20
    if (letter < 0x61 || letter > 0x7a) return false
  }
  return true
}
