import { isIP, type Socket } from 'node:net'
import type { Connection as Client, QueryError } from 'mysql2'
import { EffectError } from '@nightshift/shared/errors'
import { connectSocket, tlsOptions, type Progress, type ServerAddress, type TlsOptions } from '../server-address.ts'
import { orAborted, type Connection } from '../session.ts'

export const mysqlPort = 3306

export type Row = Record<string, unknown>

/** Rows of a question that somebody else wrote; more end the connection. */
const maxForeignRows = 1000

interface MysqlLogin {
  signal: AbortSignal
  progress: Progress
  statementTimeoutMs: number
  /** Refuse to write anything. */
  readOnly: boolean
}

/** One session at MySQL or MariaDB. */
export class MysqlConnection implements Connection {
  isOpen = true
  /** As the server says: `8.4.3`, `10.11.6-MariaDB`. */
  version = ''
  readonly #client: Client
  readonly #socket: Socket
  /** Rejects when the connection breaks: the client does not tell a streamed query. */
  readonly #broken: Promise<never>

  constructor(client: Client, socket: Socket) {
    this.#client = client
    this.#socket = socket
    const { promise, reject } = Promise.withResolvers<never>()
    this.#broken = promise
    promise.catch(() => undefined)
    client.on('error', (error) => {
      this.isOpen = false
      reject(error)
    })
    client.on('end', () => {
      this.isOpen = false
      reject(connectionLost())
    })
  }

  get isMariadb(): boolean {
    return this.version.includes('MariaDB')
  }

  /** Rows of a statement of ours, which bounds them itself. */
  async rows(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    const { promise, resolve, reject } = Promise.withResolvers<Row[]>()
    this.#client.query(sql, [...values], (error, result) => {
      if (error === null) resolve(Array.isArray(result) ? (result as Row[]) : [])
      else reject(this.#noted(error))
    })
    return await Promise.race([promise, this.#broken])
  }

  /** Rows, or undefined when the server refuses this one question. A connection that broke is an error. */
  async answered(sql: string, values: readonly unknown[] = []): Promise<Row[] | undefined> {
    try {
      return await this.rows(sql, values)
    } catch (error) {
      if (!this.isOpen || !isRefusal(error)) throw error
      return undefined
    }
  }

  /** First column of the first row of a statement of the user's; undefined without a row. */
  async firstValue(sql: string): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const query = this.#client.query(sql)
    let first: unknown
    let count = 0
    query.on('result', (row: unknown) => {
      if (count === 0 && typeof row === 'object' && row !== null && row.constructor.name !== 'ResultSetHeader')
        first = Object.values(row)[0]
      count++
      if (count === maxForeignRows + 1) {
        reject(new EffectError('too_many_rows', `the query gives more than ${maxForeignRows} rows`))
        this.close()
      }
    })
    query.on('error', (error: QueryError) => reject(this.#noted(error)))
    query.on('end', () => resolve(first))
    return await Promise.race([promise, this.#broken])
  }

  async prepare({ statementTimeoutMs, readOnly }: MysqlLogin): Promise<void> {
    const [row] = await this.rows('SELECT version() AS version')
    this.version = String(row?.['version'])
    const seconds = Math.max(1, Math.ceil(statementTimeoutMs / 1000))
    // Unknown to old versions; the time limit of the whole look holds there.
    await this.answered(
      this.isMariadb
        ? `SET SESSION max_statement_time = ${statementTimeoutMs / 1000}`
        : `SET SESSION max_execution_time = ${Math.ceil(statementTimeoutMs)}`,
    )
    await this.answered(`SET SESSION lock_wait_timeout = ${seconds}`)
    if (readOnly) await this.rows('SET SESSION TRANSACTION READ ONLY')
  }

  close(): void {
    this.isOpen = false
    // The client's own destroy says good-bye and goes on reading: with many rows to come that blocks the process for seconds (measured).
    this.#socket.destroy()
    this.#client.destroy()
  }

  #noted(error: QueryError): QueryError {
    if (error.fatal === true) this.isOpen = false
    return error
  }
}

/** Whether the server answered, and said no. */
export function isRefusal(error: unknown): error is QueryError {
  return error instanceof Error && 'errno' in error && typeof error.errno === 'number' && 'sqlState' in error
}

/** Connects, logs in and sets the bounds of every statement. */
export async function openMysql(address: ServerAddress, login: MysqlLogin): Promise<MysqlConnection> {
  const ssl = await tlsOptions(address)
  const name = verifiableName(address, ssl)
  const { default: mysql } = await import('mysql2')
  const socket = connectSocket(address, login.progress)
  const stop = (): void => void socket.destroy()
  login.signal.addEventListener('abort', stop, { once: true })
  const client = mysql.createConnection({
    stream: socket,
    host: name,
    user: address.user ?? 'root',
    ...(address.password === undefined ? {} : { password: address.password }),
    ...(address.database === undefined ? {} : { database: address.database }),
    ...(ssl === undefined ? {} : { ssl: { ...ssl, verifyIdentity: ssl.rejectUnauthorized } }),
    // The signal ends the attempt.
    connectTimeout: 0,
    multipleStatements: false,
    supportBigNumbers: true,
  })
  const connection = new MysqlConnection(client, socket)
  try {
    await orAborted(connected(client), login.signal)
    await orAborted(connection.prepare(login), login.signal)
    return connection
  } catch (error) {
    connection.close()
    socket.destroy()
    throw error
  } finally {
    login.signal.removeEventListener('abort', stop)
  }
}

function connectionLost(): Error {
  return Object.assign(new Error('connection closed'), { code: 'ECONNRESET' })
}

async function connected(client: Client): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  client.connect((error) => (error === null ? resolve() : reject(error)))
  await promise
}

/** The client holds a certificate against a name only, never against an address. */
function verifiableName(address: ServerAddress, ssl: TlsOptions | undefined): string {
  const name = ssl?.host ?? address.host
  if (ssl?.rejectUnauthorized === true && isIP(name) !== 0) {
    throw new EffectError(
      'tls_name',
      `set \`tls.server_name\` for ${address.target} to a name in its certificate: an address cannot be verified`,
    )
  }
  return name
}
