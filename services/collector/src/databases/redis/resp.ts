import { ContractError } from '@nightshift/shared/errors'

/** A refusal of the server, such as `WRONGPASS invalid username-password pair`. Its first word is the code. */
export class RedisRefusal extends Error {
  readonly code: string

  constructor(text: string) {
    super(text.slice(0, 300))
    this.name = 'RedisRefusal'
    this.code = /^[A-Z][A-Z0-9_]{1,31}/.exec(text)?.[0] ?? 'ERR'
  }
}

export type Reply = string | number | null | RedisRefusal | Reply[]

/** Larger than any answer to our own questions; what is larger is not read. */
const maxReplyBytes = 1024 * 1024
const maxElements = 10_000
const maxDepth = 4

/** A command as Redis reads it. */
export function encodeCommand(words: readonly string[]): Buffer {
  return Buffer.from(words.reduce((text, word) => `${text}$${Buffer.byteLength(word)}\r\n${word}\r\n`, `*${words.length}\r\n`))
}

/** Cuts what arrives into replies (RESP2, https://redis.io/docs/latest/develop/reference/protocol-spec/). Throws ContractError on what is none. */
export class ReplyReader {
  #rest: Buffer = Buffer.alloc(0)
  /** Less than this cannot be a whole reply, so that a long one is not read again and again. */
  #neededBytes = 0

  push(chunk: Buffer): Reply[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const replies: Reply[] = []
    while (this.#rest.length > 0 && this.#rest.length >= this.#neededBytes) {
      const parsed = parse(this.#rest, 0, 0)
      if (typeof parsed === 'number') {
        this.#neededBytes = parsed
        break
      }
      replies.push(parsed.reply)
      this.#rest = this.#rest.subarray(parsed.end)
      this.#neededBytes = 0
    }
    if (this.#rest.length > maxReplyBytes) throw tooLarge()
    return replies
  }
}

type Parsed = { reply: Reply; end: number } | number

/** The reply at `start`, or how many bytes there must be before it is worth another look. */
function parse(bytes: Buffer, start: number, depth: number): Parsed {
  const lineEnd = bytes.indexOf('\r\n', start)
  if (lineEnd === -1) {
    if (bytes.length - start > maxReplyBytes) throw tooLarge()
    return bytes.length + 1
  }
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
      return parseText(bytes, integer(text), end)
    case '*':
      return parseList(bytes, integer(text), end, depth)
    default:
      throw new ContractError('no_redis', 'what answers does not speak the protocol of Redis')
  }
}

function parseText(bytes: Buffer, sizeBytes: number, start: number): Parsed {
  if (sizeBytes === -1) return { reply: null, end: start }
  if (sizeBytes < 0 || sizeBytes > maxReplyBytes) throw tooLarge()
  const end = start + sizeBytes + 2
  return bytes.length < end ? end : { reply: bytes.toString('utf8', start, start + sizeBytes), end }
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
  return new ContractError('reply_too_large', `the answer is larger than ${maxReplyBytes} bytes, which is not read`)
}
