import type { Client, QueryConfig } from 'pg'
import { EffectError } from '@nightshift/shared/errors'
import { hideValue } from '@nightshift/shared/config/secrets'
import { childEnvironment } from '../process/child-environment.ts'
import type { ServerAddress } from '../server-address.ts'

const connectTimeoutMs = 15_000

type Row = Record<string, unknown>

/** One session at PostgreSQL. */
export class PostgresSession {
  readonly #client: Client
  readonly #address: ServerAddress
  readonly #onAbort = (): void => this.#destroy()
  readonly #signal: AbortSignal

  private constructor(client: Client, address: ServerAddress, signal: AbortSignal) {
    this.#client = client
    this.#address = address
    this.#signal = signal
    signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  static async open(address: ServerAddress, database: string, signal: AbortSignal): Promise<PostgresSession> {
    signal.throwIfAborted()
    const { default: pg } = await import('pg')
    const client = new pg.Client({
      host: address.socket ?? address.host,
      port: address.port,
      user: userOf(address),
      database,
      ...(address.password === undefined ? {} : { password: address.password }),
      ssl: sslOf(address),
      connectionTimeoutMillis: connectTimeoutMs,
      application_name: 'nightshift-backup',
    })
    // What breaks an idle session is told by the next question.
    client.on('error', () => undefined)
    const session = new PostgresSession(client, address, signal)
    try {
      await client.connect()
      return session
    } catch (error) {
      await session.close()
      throw session.#told(error)
    }
  }

  async rows(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    try {
      return (await this.#client.query<Row>(sql, [...values])).rows
    } catch (error) {
      throw this.#told(error)
    }
  }

  /** How many rows a statement changed. */
  async change(sql: string): Promise<number> {
    try {
      const { rowCount } = await this.#client.query({ text: sql, queryMode: 'extended' } as QueryConfig)
      return rowCount ?? 0
    } catch (error) {
      throw this.#told(error)
    }
  }

  async value(sql: string, values: readonly unknown[] = []): Promise<unknown> {
    const [row] = await this.rows(sql, values)
    return row === undefined ? undefined : Object.values(row)[0]
  }

  /** First column of the rows of a statement, and of no more rows than that. */
  async firstColumn(sql: string, maxRows: number): Promise<unknown[]> {
    const rows = await this.rows(sql)
    if (rows.length > maxRows) throw new EffectError('too_many_rows', `the query gives more than ${maxRows} rows`)
    return rows.map((row) => Object.values(row)[0])
  }

  /** Throws unless it is one statement that the server can plan: text of a person's cannot close our bracket and go on. */
  async assertPlannable(statement: string): Promise<void> {
    try {
      await this.#client.query({ text: `EXPLAIN ${statement}`, queryMode: 'extended' } as QueryConfig)
    } catch (error) {
      throw this.#told(error)
    }
  }

  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#onAbort)
    await this.#client.end().catch(() => undefined)
  }

  #destroy(): void {
    this.#client.end().catch(() => undefined)
    const { connection } = this.#client as unknown as { connection?: { stream?: { destroy(): void } } }
    connection?.stream?.destroy()
  }

  #told(cause: unknown): EffectError {
    if (this.#signal.aborted) return new EffectError('aborted', 'the run was stopped', { cause, transient: true })
    const text = cause instanceof Error ? cause.message : String(cause)
    const message = `PostgreSQL at ${this.#address.target}, user ${userOf(this.#address)}: ${hideValue(text, this.#address.password ?? '')}`
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    // SQLSTATE classes of what a person has to change: login, names, privileges, syntax.
    return new EffectError('postgres_failed', message, { cause, transient: !/^(?:28|3D|42)/.test(code) })
  }
}

export function userOf(address: ServerAddress): string {
  return address.user ?? 'postgres'
}

function sslOf(address: ServerAddress): false | { rejectUnauthorized: boolean } {
  const mode = address.options.get('sslmode') ?? 'prefer'
  if (mode === 'verify-full' || mode === 'verify-ca') return { rejectUnauthorized: true }
  return mode === 'require' ? { rejectUnauthorized: false } : false
}

/** For pg_dump and its kin: the login never stands among the arguments, which everybody can read. */
export function postgresEnvironment(address: ServerAddress, database: string): Record<string, string> {
  const fromUrl = [...address.options].map(([name, value]) => [`PG${name.toUpperCase()}`, value] as const)
  const known = fromUrl.filter(([name]) => /^PG(?:SSLMODE|SSLROOTCERT|SSLCERT|SSLKEY|OPTIONS|CHANNELBINDING)$/.test(name))
  return childEnvironment({
    ...Object.fromEntries(known),
    PGHOST: address.socket ?? address.host,
    PGPORT: String(address.port),
    PGUSER: userOf(address),
    PGDATABASE: database,
    PGPASSWORD: address.password,
    PGCONNECT_TIMEOUT: String(connectTimeoutMs / 1000),
    PGAPPNAME: 'nightshift-backup',
  })
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

export function quoteText(text: string): string {
  return text.includes('\\') ? ` E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'` : `'${text.replaceAll("'", "''")}'`
}
