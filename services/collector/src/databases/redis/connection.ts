import { once } from 'node:events'
import type { Socket } from 'node:net'
import { EffectError } from '@nightshift/shared/errors'
import { connectSocket, tlsOptions, type Progress, type ServerAddress } from '../server-address.ts'
import { orAborted, type Connection } from '../session.ts'
import { encodeCommand, RedisRefusal, ReplyReader, type Reply } from './resp.ts'

export const redisPort = 6379

/**
 * A connection that asks one thing after the other. Of our own: of @redis/client, which costs 14 MB of memory when it is loaded (measured), a
 * handful of commands would be used.
 */
export class RedisConnection implements Connection {
  isOpen = true
  readonly #socket: Socket
  readonly #reader = new ReplyReader()
  readonly #waiting: { resolve(reply: Reply): void; reject(error: unknown): void }[] = []

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', (error) => this.#end(error))
    socket.on('close', () => this.#end(Object.assign(new Error('connection closed'), { code: 'ECONNRESET' })))
  }

  /** What the server answered. Rejects with RedisRefusal when it refused. */
  async command(...words: string[]): Promise<Reply> {
    if (!this.isOpen) throw Object.assign(new Error('connection closed'), { code: 'ECONNRESET' })
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    this.#waiting.push({ resolve, reject })
    this.#socket.write(encodeCommand(words))
    const reply = await promise
    if (reply instanceof RedisRefusal) throw reply
    return reply
  }

  close(): void {
    this.#end(new EffectError('closed', 'the connection was closed'))
  }

  #take(chunk: Buffer): void {
    try {
      for (const reply of this.#reader.push(chunk)) this.#waiting.shift()?.resolve(reply)
    } catch (error) {
      this.#end(error)
    }
  }

  #end(error: unknown): void {
    this.isOpen = false
    this.#socket.destroy()
    for (const question of this.#waiting.splice(0)) question.reject(error)
  }
}

/** Connects, logs in and selects the database. */
export async function openRedis(
  address: ServerAddress,
  { signal, progress }: { signal: AbortSignal; progress: Progress },
): Promise<RedisConnection> {
  const tls = await tlsOptions(address)
  const plain = connectSocket(address, progress)
  const socket: Socket = tls === undefined ? plain : (await import('node:tls')).connect({ ...tls, socket: plain })
  const onPlainError = (error: Error): void => void socket.destroy(error)
  if (socket !== plain) plain.on('error', onPlainError)
  const connected = once(socket, tls === undefined ? 'connect' : 'secureConnect')
  const connection = new RedisConnection(socket)
  const stop = (): void => connection.close()
  signal.addEventListener('abort', stop, { once: true })
  try {
    progress.isAskingForTls = tls !== undefined
    await orAborted(connected, signal)
    progress.isAskingForTls = false
    const { user, password, database } = address
    if (password !== undefined) await connection.command('AUTH', ...(user === undefined ? [] : [user]), password)
    if (database !== undefined && database !== '0') await connection.command('SELECT', database)
    return connection
  } catch (error) {
    connection.close()
    plain.destroy()
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
