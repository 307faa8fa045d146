import type { Socket, SocketConnectOpts } from 'node:net'
import type { Client, ClientConfig } from 'pg'
import { EffectError } from '@nightshift/shared/errors'
import { prepareSocket, route, tlsOptions, type Progress, type ServerAddress } from '../server-address.ts'
import { orAborted, type Connection } from '../session.ts'

export const postgresPort = 5432

export type Row = Record<string, unknown>

/** Rows of a question that somebody else wrote; more end the connection. */
const maxForeignRows = 1000

export interface PostgresConnection extends Connection {
  /** As the server says, such as 150006 for 15.6. */
  readonly version: number
  /** Rows of a statement of ours, which bounds them itself. */
  rows(sql: string, values?: readonly unknown[]): Promise<Row[]>
  /** First column of the first row of a statement of the user's; undefined without a row. */
  firstValue(sql: string): Promise<unknown>
}

/** Rows, or undefined when the server refuses this one question. A connection that broke is an error. */
export async function answered(connection: PostgresConnection, sql: string, values: readonly unknown[] = []): Promise<Row[] | undefined> {
  try {
    return await connection.rows(sql, values)
  } catch (error) {
    if (!connection.isOpen || !(error instanceof Error) || !('severity' in error)) throw error
    return undefined
  }
}

interface PostgresLogin {
  signal: AbortSignal
  progress: Progress
  statementTimeoutMs: number
  /** Refuse to write anything. */
  readOnly: boolean
}

/** Connects and logs in. Every statement that follows has the bounds of the login. */
export async function openPostgres(address: ServerAddress, login: PostgresLogin): Promise<PostgresConnection> {
  const ssl = await tlsOptions(address)
  const { default: pg } = await import('pg')
  const socket = routed(address, login.progress)
  const client = new pg.Client(clientConfig(address, socket, ssl))
  const connection = new PgConnection(client, socket, pg.Query, beginSql(login))
  const stop = (): void => connection.close()
  login.signal.addEventListener('abort', stop, { once: true })
  try {
    await orAborted(client.connect(), login.signal)
    await orAborted(connection.prepare(), login.signal)
    return connection
  } catch (error) {
    connection.close()
    // The one byte is the `N` that PostgreSQL answers to the request for TLS.
    if (ssl !== undefined && socket.bytesRead === 1) throw new EffectError('no_tls', 'the server does not offer TLS', { cause: error })
    throw error
  } finally {
    login.signal.removeEventListener('abort', stop)
  }
}

function clientConfig(address: ServerAddress, socket: Socket, ssl: ClientConfig['ssl']): ClientConfig {
  return {
    stream: () => socket,
    host: address.host,
    port: address.port,
    user: address.user ?? 'postgres',
    database: address.database ?? address.user ?? 'postgres',
    password: () => {
      if (address.password === undefined) throw new EffectError('no_password', 'the server asks for a password')
      return address.password
    },
    ssl: ssl ?? false,
    application_name: 'nightshift',
  }
}

/** The client connects a socket that it is given; we do, so that names go through the shared lookup. */
function routed(address: ServerAddress, progress: Progress): Socket {
  const socket = prepareSocket(progress)
  const connect = socket.connect.bind(socket) as (options: SocketConnectOpts) => Socket
  return Object.assign(socket, { connect: () => connect(route(address)) })
}

function beginSql({ statementTimeoutMs, readOnly }: PostgresLogin): string {
  const bounds = {
    statement_timeout: statementTimeoutMs,
    lock_timeout: statementTimeoutMs / 4,
    idle_in_transaction_session_timeout: 10_000,
  }
  const settings = Object.entries(bounds).map(([name, ms]) => `SET LOCAL ${name} = ${Math.ceil(ms)}`)
  return [readOnly ? 'BEGIN READ ONLY' : 'BEGIN', ...settings].join('; ')
}

class PgConnection implements PostgresConnection {
  isOpen = true
  version = 0
  #isClosed = false
  readonly #client: Client
  readonly #socket: Socket
  readonly #begin: string
  readonly #queryClass: typeof import('pg').Query

  constructor(client: Client, socket: Socket, queryClass: typeof import('pg').Query, begin: string) {
    this.#begin = begin
    this.#client = client
    this.#socket = socket
    this.#queryClass = queryClass
    const onEnd = (): void => {
      this.isOpen = false
    }
    client.on('error', onEnd)
    client.on('end', onEnd)
    socket.on('error', onEnd)
  }

  async prepare(): Promise<void> {
    const [row] = await this.rows("SELECT current_setting('server_version_num')::int AS version")
    this.version = Number(row?.['version'])
  }

  async rows(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return await this.#bounded(async () => (await this.#client.query<Row>(sql, [...values])).rows)
  }

  async firstValue(sql: string): Promise<unknown> {
    return await this.#bounded(async () => await this.#firstValue(sql))
  }

  /**
   * In a transaction of its own, which carries the bounds. A pooler such as PgBouncer hands the session to others after it: what was set
   * for the session would hold for them too.
   */
  async #bounded<T>(ask: () => Promise<T>): Promise<T> {
    try {
      await this.#client.query(this.#begin)
      try {
        return await ask()
      } finally {
        if (this.isOpen) await this.#client.query('COMMIT')
      }
    } catch (error) {
      throw this.#told(error)
    }
  }

  async #firstValue(sql: string): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const query = new this.#queryClass({ text: sql })
    let first: unknown
    let count = 0
    query.on('row', (row: unknown) => {
      if (count === 0) first = Object.values(row as Row)[0]
      count++
      if (count === maxForeignRows + 1) {
        reject(new EffectError('too_many_rows', `the query gives more than ${maxForeignRows} rows`))
        this.close()
      }
    })
    query.on('error', reject)
    query.on('end', () => resolve(first))
    this.#client.query(query)
    return await promise
  }

  /** A connection that was closed under a question has a text only; it gets the code that such an end has elsewhere. */
  #told(error: unknown): unknown {
    const isCoded = error instanceof Error && 'code' in error && error.code !== undefined
    return isCoded || this.isOpen ? error : Object.assign(new Error('connection closed', { cause: error }), { code: 'ECONNRESET' })
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.isOpen = false
    this.#socket.destroy()
    // Its promise may stay open for ever; the socket is what had to be closed.
    this.#client.end().catch(() => undefined)
  }
}
