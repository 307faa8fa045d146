import { ConfigError, EffectError } from '@nightshift/shared/errors'
import type { SourceConfigOf } from '../../config/source-config.ts'
import { dumpMaterial, programStream, type DumpStream } from '../dump-stream.ts'
import { runProgram } from '../process/program.ts'
import { serverAddress, type ServerAddress } from '../server-address.ts'
import type { Facts, Material, Source, SourceContext } from '../source.ts'
import { postgresPort } from './port.ts'
import { majorVersion, postgresProgram } from './programs.ts'
import { postgresEnvironment, PostgresSession } from './session.ts'
import { dumpPattern } from './dump-pattern.ts'
import { countTables } from './tables.ts'

type PostgresConfig = SourceConfigOf<'postgres'>

/** Databases of a PostgreSQL server: one file each in pg_dump's custom format, and the roles. */
export function postgresSource(config: PostgresConfig): Source {
  return { kind: 'postgres', open: async (context) => await new PostgresDump(config, context).open() }
}

class PostgresDump {
  readonly #config: PostgresConfig
  readonly #context: SourceContext
  readonly #address: ServerAddress
  readonly #facts: Facts = {}
  /** One per database whose dump was opened: it holds the snapshot, and counts in it. */
  readonly #counting = new Map<string, { session: PostgresSession; counts: Promise<Facts> }>()
  #isSuperuser = false

  constructor(config: PostgresConfig, context: SourceContext) {
    this.#config = config
    this.#context = context
    this.#address = serverAddress(config, postgresPort)
  }

  async open(): Promise<Material> {
    const databases = await this.#look()
    const startedMs = this.#context.clock.now()
    const dumps = databases.map((database) => this.#databaseDump(database, startedMs))
    const globals = this.#config.globals ? [this.#globalsDump(databases[0] ?? 'postgres', startedMs)] : []
    const parts = {
      paths: [...databases.map((database) => `/postgres/${database}`), ...globals.map(({ path }) => path)],
      dumps: [...globals, ...dumps],
      rule: this.#config,
      unruled: globals.map(({ path }) => path),
      facts: async () => await this.#counted(),
      close: async () => await this.#close(),
    }
    return dumpMaterial(parts, this.#context)
  }

  /** Which databases there are, and whether our programs can read them. */
  async #look(): Promise<string[]> {
    const { signal } = this.#context
    const wanted = this.#config.databases ?? (this.#address.database === undefined ? 'all' : [this.#address.database])
    const session = await PostgresSession.open(
      this.#address,
      wanted === 'all' ? (this.#address.database ?? 'postgres') : (wanted[0] ?? 'postgres'),
      signal,
    )
    try {
      const version = Number(await session.value("SELECT current_setting('server_version_num')"))
      this.#facts['postgres_version'] = String(await session.value("SELECT current_setting('server_version')"))
      this.#isSuperuser = (await session.value('SELECT rolsuper FROM pg_roles WHERE rolname = current_user')) === true
      await this.#assertProgramFits(Math.floor(version / 10_000))
      const rows = await session.rows('SELECT datname AS name FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1')
      const present = rows.map((row) => String(row['name']))
      const missing = wanted === 'all' ? undefined : wanted.find((name) => !present.includes(name))
      if (missing !== undefined)
        throw new ConfigError('no_source', `there is no database ${missing} on ${this.#address.target}; it has ${present.join(', ')}`)
      return wanted === 'all' ? present : wanted
    } finally {
      await session.close()
    }
  }

  async #assertProgramFits(serverMajor: number): Promise<void> {
    const program = postgresProgram('pg_dump', this.#config.bin_dir)
    const spec = {
      argv: [program, '--version'],
      env: postgresEnvironment(this.#address, ''),
      timeoutMs: 30_000,
      signal: this.#context.signal,
    }
    const major = majorVersion(await runProgram(spec))
    if (major >= serverMajor) return
    throw new EffectError(
      'pg_dump_too_old',
      `${program} is of version ${major} and cannot dump the server of version ${serverMajor}: install the client programs of version ${serverMajor}, or set bin_dir to where they are`,
    )
  }

  #databaseDump(database: string, startedMs: number): DumpStream {
    return programStream(`/postgres/${database}/database.dump`, startedMs, async (signal) => {
      const both = AbortSignal.any([signal, this.#context.signal])
      const snapshot = await this.#exportSnapshot(database, both)
      const { exclude_tables: tables, exclude_table_data: data, bin_dir: folder, timeout } = this.#config
      return {
        argv: [
          postgresProgram('pg_dump', folder),
          '--format=custom',
          // What is compressed already does not deduplicate; the repository compresses.
          '--compress=0',
          '--no-password',
          `--snapshot=${snapshot}`,
          ...tables.map((pattern) => `--exclude-table=${dumpPattern(pattern)}`),
          ...data.map((pattern) => `--exclude-table-data=${dumpPattern(pattern)}`),
        ],
        env: postgresEnvironment(this.#address, database),
        timeoutMs: timeout,
        signal: both,
        secret: this.#address.password,
      }
    })
  }

  /** A transaction whose view of the data pg_dump shares, so that the counts are those of the dump, whatever is written meanwhile. */
  async #exportSnapshot(database: string, signal: AbortSignal): Promise<string> {
    await this.#counting.get(database)?.session.close()
    const session = await PostgresSession.open(this.#address, database, signal)
    try {
      await session.rows('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
      await session.rows("SELECT set_config('idle_in_transaction_session_timeout', '0', true), set_config('statement_timeout', '0', true)")
      const snapshot = String(await session.value('SELECT pg_export_snapshot()'))
      const { exclude_tables: tables, exclude_table_data: data, count_rows: isCounting } = this.#config
      const counts = isCounting ? countTables(session, database, [...tables, ...data]) : Promise.resolve({})
      counts.catch(() => undefined)
      this.#counting.set(database, { session, counts })
      return snapshot
    } catch (error) {
      await session.close()
      throw error
    }
  }

  #globalsDump(database: string, startedMs: number): DumpStream {
    return programStream('/postgres/globals.sql', startedMs, (signal) =>
      Promise.resolve({
        argv: [
          postgresProgram('pg_dumpall', this.#config.bin_dir),
          '--globals-only',
          '--no-password',
          `--database=${database}`,
          // Only a superuser may read pg_authid.
          ...(this.#isSuperuser ? [] : ['--no-role-passwords']),
        ],
        env: postgresEnvironment(this.#address, database),
        timeoutMs: this.#config.timeout,
        signal: AbortSignal.any([signal, this.#context.signal]),
        secret: this.#address.password,
      }),
    )
  }

  async #counted(): Promise<Facts> {
    for (const { counts } of this.#counting.values()) Object.assign(this.#facts, await counts)
    return { ...this.#facts, roles_with_passwords: this.#isSuperuser ? 'yes' : 'no' }
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#counting.values()].map(async ({ session }) => await session.close()))
  }
}
