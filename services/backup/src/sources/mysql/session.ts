import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise'
import { hideValue } from '@nightshift/shared/config/secrets'
import { EffectError } from '@nightshift/shared/errors'
import type { ServerAddress } from '../server-address.ts'

const connectTimeoutMs = 15_000

type Row = Record<string, unknown>

/** One session at MySQL or MariaDB. */
export class MysqlSession {
  readonly #client: Connection
  readonly #address: ServerAddress
  readonly #signal: AbortSignal
  readonly #onAbort = (): void => this.#client.destroy()

  private constructor(client: Connection, address: ServerAddress, signal: AbortSignal) {
    this.#client = client
    this.#address = address
    this.#signal = signal
    signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  static async open(address: ServerAddress, database: string | undefined, signal: AbortSignal): Promise<MysqlSession> {
    signal.throwIfAborted()
    const mysql = await import('mysql2/promise')
    try {
      const client = await mysql.createConnection({
        ...(address.socket === undefined ? { host: address.host, port: address.port } : { socketPath: address.socket }),
        user: mysqlUser(address),
        ...(address.password === undefined ? {} : { password: address.password }),
        ...(database === undefined ? {} : { database }),
        connectTimeout: connectTimeoutMs,
        multipleStatements: false,
        supportBigNumbers: true,
      })
      // What breaks an idle session is told by the next question.
      client.on('error', () => undefined)
      return new MysqlSession(client, address, signal)
    } catch (error) {
      throw told(error, address, signal)
    }
  }

  async rows(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    try {
      const [rows] = await this.#client.query<RowDataPacket[]>(sql, [...values])
      return Array.isArray(rows) ? rows : []
    } catch (error) {
      throw told(error, this.#address, this.#signal)
    }
  }

  /** How many rows a statement changed. */
  async change(sql: string): Promise<number> {
    try {
      const [result] = await this.#client.query<ResultSetHeader>(sql)
      return result.affectedRows
    } catch (error) {
      throw told(error, this.#address, this.#signal)
    }
  }

  /** First column of the rows of a statement. */
  async column(sql: string, values: readonly unknown[] = []): Promise<unknown[]> {
    return (await this.rows(sql, values)).map((row) => Object.values(row)[0])
  }

  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#onAbort)
    await this.#client.end().catch(() => undefined)
  }
}

export function mysqlUser(address: ServerAddress): string {
  return address.user ?? 'root'
}

/** In backquotes, for tables and databases. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

function told(cause: unknown, address: ServerAddress, signal: AbortSignal): EffectError {
  if (signal.aborted) return new EffectError('aborted', 'the run was stopped', { cause, transient: true })
  const text = hideValue(cause instanceof Error ? cause.message : String(cause), address.password ?? '')
  const isRefusal = cause instanceof Error && 'sqlState' in cause && /^(?:28|42)/.test(String(cause.sqlState))
  return new EffectError('mysql_failed', `MySQL at ${address.target}, user ${mysqlUser(address)}: ${text}`, {
    cause,
    transient: !isRefusal,
  })
}
