import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { hideValue } from '@nightshift/shared/config/secrets'
import { EffectError } from '@nightshift/shared/errors'
import type { ServerAddress } from '../server-address.ts'
import { encodeCommand, RedisRefusal, ReplyReader, type Reply, type Word } from './resp.ts'

export const redisPort = 6379
const connectTimeoutMs = 15_000

interface Waiting {
  resolve(reply: Reply): void
  reject(error: unknown): void
}

/** One connection to Redis. Commands are answered in the order in which they were given; many may be on their way. */
export class RedisConnection {
  readonly #socket: Socket
  readonly #address: ServerAddress
  readonly #reader = new ReplyReader()
  readonly #waiting: Waiting[] = []
  readonly #onData = (chunk: Buffer): void => this.#read(chunk)

  private constructor(socket: Socket, address: ServerAddress) {
    this.#socket = socket
    this.#address = address
    socket.on('data', this.#onData)
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the connection was closed')))
  }

  static async open(address: ServerAddress, signal: AbortSignal): Promise<RedisConnection> {
    signal.throwIfAborted()
    const socket = address.socket === undefined ? connect({ host: address.host, port: address.port }) : connect({ path: address.socket })
    const stop = (): void => void socket.destroy(new Error('the run was stopped'))
    signal.addEventListener('abort', stop, { once: true })
    socket.once('close', () => signal.removeEventListener('abort', stop))
    const connection = new RedisConnection(socket, address)
    try {
      await once(socket, 'connect', { signal: AbortSignal.any([signal, AbortSignal.timeout(connectTimeoutMs)]) })
      if (address.password !== undefined)
        await connection.command('AUTH', ...(address.user === undefined ? [] : [address.user]), address.password)
      await connection.command('PING')
      return connection
    } catch (error) {
      connection.close()
      throw connection.#told(error)
    }
  }

  /** Throws EffectError when the server refuses. */
  async command(...words: Word[]): Promise<Reply> {
    try {
      const reply = await this.#send(words)
      if (reply instanceof RedisRefusal) throw reply
      return reply
    } catch (error) {
      throw this.#told(error)
    }
  }

  async text(...words: Word[]): Promise<string> {
    return String(await this.command(...words))
  }

  /** The data of the server as it is at one moment, as an RDB file, the way a replica gets it. No other command may follow. */
  async *snapshot(): AsyncGenerator<Buffer> {
    // Sent straight into the connection, without a file on the server. Unknown to very old ones.
    await this.#send(['REPLCONF', 'capa', 'eof'])
    this.#socket.off('data', this.#onData)
    this.#socket.pause()
    this.#socket.write(encodeCommand(['SYNC']))
    try {
      yield* snapshotOf(this.#socket as AsyncIterable<Buffer>)
    } catch (error) {
      throw this.#told(error)
    } finally {
      this.close()
    }
  }

  close(): void {
    this.#socket.destroy()
  }

  async #send(words: readonly Word[]): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    if (this.#socket.destroyed) throw new Error('the connection was closed')
    this.#waiting.push({ resolve, reject })
    this.#socket.write(encodeCommand(words))
    return await promise
  }

  #read(chunk: Buffer): void {
    try {
      for (const reply of this.#reader.push(chunk)) this.#waiting.shift()?.resolve(reply)
    } catch (error) {
      this.#fail(error)
      this.#socket.destroy()
    }
  }

  #fail(error: unknown): void {
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error)
  }

  #told(cause: unknown): EffectError {
    if (cause instanceof EffectError) return cause
    const text = hideValue(cause instanceof Error ? cause.message : String(cause), this.#address.password ?? '')
    const isRefusal = cause instanceof RedisRefusal && /^(?:WRONGPASS|NOAUTH|NOPERM|ERR)$/.test(cause.code)
    return new EffectError('redis_failed', `Redis at ${this.#address.target}: ${text}`, { cause, transient: !isRefusal })
  }
}

const markBytes = 40
/** While the server prepares the data it sends line breaks; an answer that long is none. */
const maxHeadBytes = 4096

/** What follows a SYNC: `$<size>` and so many bytes, or `$EOF:<mark>` and everything up to the mark. */
export async function* snapshotOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let head: Buffer = Buffer.alloc(0)
  let rest: Buffer = Buffer.alloc(0)
  let mark: Buffer | undefined
  let leftBytes: number | undefined
  for await (const chunk of chunks) {
    let data = chunk
    if (mark === undefined && leftBytes === undefined) {
      head = Buffer.from(trimmedStart(Buffer.concat([head, chunk])))
      const end = head.indexOf('\n')
      if (end === -1 && head.length > maxHeadBytes) throw new Error('the server answers a SYNC with something else')
      if (end === -1) continue
      const line = head.subarray(0, end).toString('latin1').trim()
      if (line.startsWith('-')) throw new RedisRefusal(line.slice(1))
      const [, markText, size] = /^\$(?:EOF:(.{40})|(\d+))$/.exec(line) ?? []
      if (markText !== undefined) mark = Buffer.from(markText, 'latin1')
      else if (size === undefined) throw new Error('the server answers a SYNC with something else')
      else leftBytes = Number(size)
      data = head.subarray(end + 1)
    }
    if (leftBytes !== undefined) {
      const part = data.subarray(0, leftBytes)
      leftBytes -= part.length
      if (part.length > 0) yield part
      if (leftBytes === 0) return
    } else if (mark !== undefined) {
      const all = rest.length === 0 ? data : Buffer.concat([rest, data])
      const isEnd = all.length >= markBytes && all.subarray(-markBytes).equals(mark)
      const known = all.subarray(0, Math.max(0, all.length - markBytes))
      if (known.length > 0) yield known
      if (isEnd) return
      rest = Buffer.from(all.subarray(known.length))
    }
  }
  throw new EffectError('dump_failed', 'Redis closed the connection before all of its data had come', { transient: true })
}

function trimmedStart(bytes: Buffer): Buffer {
  let at = 0
  while (bytes[at] === 0x0a || bytes[at] === 0x0d) at++
  return bytes.subarray(at)
}
