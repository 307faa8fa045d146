import { ContractError } from '@nightshift/shared/errors'

/** A refusal of the server, such as `NOPERM this user has no permissions`. Its first word is the code. */
export class RedisRefusal extends Error {
  readonly code: string

  constructor(text: string) {
    super(text.slice(0, 300))
    this.name = 'RedisRefusal'
    this.code = /^[A-Z][A-Z0-9_]{1,31}/.exec(text)?.[0] ?? 'ERR'
  }
}

export type Word = string | number | Buffer
export type Reply = Buffer | string | number | null | RedisRefusal | Reply[]

/** The largest value that Redis holds. */
const maxReplyBytes = 512 * 1024 * 1024 + 1024
const maxElements = 1_000_000
const maxDepth = 8

/** A command as Redis reads it; keys and values are bytes. */
export function encodeCommand(words: readonly Word[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${words.length}\r\n`)]
  for (const word of words) {
    const bytes = Buffer.isBuffer(word) ? word : Buffer.from(String(word))
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'))
  }
  return Buffer.concat(parts)
}

/** Cuts what arrives into replies (RESP2, https://redis.io/docs/latest/develop/reference/protocol-spec/). */
export class ReplyReader {
  #parts: Buffer[] = []
  #sizeBytes = 0
  /** Less than this cannot be a whole reply, so that a long one is not read again and again. */
  #neededBytes = 0

  push(chunk: Buffer): Reply[] {
    this.#parts.push(chunk)
    this.#sizeBytes += chunk.length
    if (this.#sizeBytes < this.#neededBytes) return []
    let rest = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts)
    const replies: Reply[] = []
    this.#neededBytes = 0
    while (rest.length > 0) {
      const parsed = parse(rest, 0, 0)
      if (typeof parsed === 'number') {
        this.#neededBytes = parsed
        break
      }
      replies.push(parsed.reply)
      rest = rest.subarray(parsed.end)
    }
    this.#parts = rest.length === 0 ? [] : [rest]
    this.#sizeBytes = rest.length
    return replies
  }
}

type Parsed = { reply: Reply; end: number } | number

/** The reply at `start`, or how many bytes there must be before it is worth another look. */
function parse(bytes: Buffer, start: number, depth: number): Parsed {
  const lineEnd = bytes.indexOf('\r\n', start)
  if (lineEnd === -1) return bytes.length + 1
  const end = lineEnd + 2
  const text = bytes.toString('utf8', start + 1, lineEnd)
  switch (String.fromCharCode(bytes[start] ?? 0)) {
    case '+':
      return { reply: text, end }
    case '-':
      return { reply: new RedisRefusal(text), end }
    case ':':
      return { reply: integer(text), end }
    case '$':
      return parseBytes(bytes, integer(text), end)
    case '*':
      return parseList(bytes, integer(text), end, depth)
    default:
      throw new ContractError('no_redis', 'what answers does not speak the protocol of Redis')
  }
}

function parseBytes(bytes: Buffer, sizeBytes: number, start: number): Parsed {
  if (sizeBytes === -1) return { reply: null, end: start }
  if (sizeBytes < 0 || sizeBytes > maxReplyBytes) throw tooLarge()
  const end = start + sizeBytes + 2
  return bytes.length < end ? end : { reply: Buffer.from(bytes.subarray(start, start + sizeBytes)), end }
}

function parseList(bytes: Buffer, count: number, start: number, depth: number): Parsed {
  if (count === -1) return { reply: null, end: start }
  if (count < 0 || count > maxElements || depth === maxDepth) throw tooLarge()
  const list: Reply[] = []
  let end = start
  for (let index = 0; index < count; index++) {
    const parsed = parse(bytes, end, depth + 1)
    if (typeof parsed === 'number') return parsed
    list.push(parsed.reply)
    end = parsed.end
  }
  return { reply: list, end }
}

function integer(text: string): number {
  if (!/^-?\d{1,19}$/.test(text)) throw new ContractError('no_redis', 'what answers does not speak the protocol of Redis')
  return Number(text)
}

function tooLarge(): ContractError {
  return new ContractError('reply_too_large', 'Redis answers with more than is read')
}
