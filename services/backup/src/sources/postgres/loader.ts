import { existsSync, readdirSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError, EffectError, describeError } from '@nightshift/shared/errors'
import type { SourceConfigOf } from '../../config/source-config.ts'
import { assertBeside, assertWhole, besideName, itemOf } from '../loaded-name.ts'
import type { CopyRows, Loaded, LoadedItem, Loader, LoaderContext, LoadOptions, LoadTarget, Scratch, Swap } from '../loader.ts'
import { runProgram } from '../process/program.ts'
import { serverAddress, type ServerAddress } from '../server-address.ts'
import type { Facts } from '../source.ts'
import { WorkFolder } from '../work-folder.ts'
import { createBeside, maxNameBytes } from './beside-database.ts'
import { copyTableRows } from './copy-rows.ts'
import { missingRoleStatements } from './missing-roles.ts'
import { postgresPort } from './port.ts'
import { postgresProgram } from './programs.ts'
import { restoreList } from './restore-list.ts'
import { ScratchCluster } from './scratch.ts'
import { postgresEnvironment, PostgresSession, quoteName } from './session.ts'
import { revertSwap, swapDatabases } from './swap.ts'
import { countTables } from './tables.ts'

type PostgresConfig = SourceConfigOf<'postgres'>

const maxRows = 1000

export function postgresLoader(config: PostgresConfig, context: LoaderContext): Loader {
  return new PostgresLoader(config, context)
}

class PostgresLoader implements Loader {
  readonly kind = 'postgres'
  readonly #config: PostgresConfig
  readonly #context: LoaderContext

  constructor(config: PostgresConfig, context: LoaderContext) {
    this.#config = config
    this.#context = context
  }

  async load(folder: string, target: LoadTarget, options: LoadOptions): Promise<Loaded> {
    const address = this.#address(target)
    const items = dumpsIn(folder)
      .filter((name) => options.only?.includes(name) ?? true)
      .map((name): LoadedItem => ({ name, loadedAs: besideName(name, target.suffix, maxNameBytes) }))
    if (items.length === 0)
      throw new ConfigError('no_dump', `there is no dump of ${options.only?.join(', ') ?? 'a database'} among the restored files`)
    await this.#makeRoles(folder, address)
    const made: string[] = []
    try {
      for (const item of items) {
        made.push(await this.#withMaintenance(address, async (session) => await createBeside(session, item)))
        await this.#restore(join(folder, 'postgres', item.name, 'database.dump'), item.loadedAs, address, options.tables)
      }
    } catch (error) {
      if (target.suffix !== '')
        await this.drop(target, made).catch((left: unknown) =>
          this.#context.log.warn({ reason: describeError(left) }, 'a half restored database is left'),
        )
      throw error
    }
    return { target, items, isPartial: options.tables !== undefined }
  }

  async swap(loaded: Loaded): Promise<Swap> {
    assertWhole(loaded)
    return await this.#withMaintenance(this.#address(loaded.target), async (session) => {
      const swapped = await swapDatabases(session, loaded)
      return {
        kept: swapped.kept,
        undo: async () => await this.#withMaintenance(this.#address(loaded.target), async (again) => await swapped.undo(again)),
      }
    })
  }

  async revert(loaded: Loaded): Promise<void> {
    await this.#withMaintenance(this.#address(loaded.target), async (session) => await revertSwap(session, loaded))
  }

  async copyRows(loaded: Loaded, rows: CopyRows): Promise<number> {
    const item = itemOf(loaded, rows.database)
    const work = await WorkFolder.create(this.#context.workDir, 'rows')
    try {
      return await copyTableRows(item, rows, {
        address: this.#address(loaded.target),
        psql: postgresProgram('psql', this.#config.bin_dir),
        file: work.file('rows'),
        script: work.file('script.sql'),
        signal: this.#context.signal,
        timeoutMs: this.#config.timeout,
      })
    } finally {
      await work.remove()
    }
  }

  async count(loaded: Loaded): Promise<Facts> {
    const facts: Facts = {}
    for (const { name, loadedAs } of loaded.items) {
      const left = [...this.#config.exclude_tables, ...this.#config.exclude_table_data]
      Object.assign(facts, await this.#with(loaded.target, loadedAs, async (session) => await countTables(session, name, left)))
    }
    return facts
  }

  async query(loaded: Loaded, sql: string, database?: string): Promise<unknown[]> {
    return await this.#with(loaded.target, itemOf(loaded, database).loadedAs, async (session) => await session.firstColumn(sql, maxRows))
  }

  async drop(target: LoadTarget, names: readonly string[]): Promise<void> {
    assertBeside(target, names)
    await this.#withMaintenance(this.#address(target), async (session) => {
      for (const name of names) {
        await session.rows('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name])
        await session.rows(`DROP DATABASE IF EXISTS ${quoteName(name)}`)
      }
    })
  }

  async scratch(): Promise<Scratch> {
    const cluster = await ScratchCluster.start(this.#context.workDir, this.#config.bin_dir, this.#context.signal)
    const target: LoadTarget = { connection: cluster.connection, suffix: '' }
    const loaded = async (): Promise<Loaded> => {
      const names = await this.#withMaintenance(
        this.#address(target),
        async (session) =>
          await session.firstColumn("SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'", maxRows),
      )
      return { target, items: names.map((name) => ({ name: String(name), loadedAs: String(name) })), isPartial: false }
    }
    return {
      target,
      count: async () => await this.count(await loaded()),
      query: async (sql, database) => await this.query(await loaded(), sql, database),
      stop: async () => await cluster.stop(),
    }
  }

  /** Roles that the dump knows and the server does not: without them nothing could belong to them. */
  async #makeRoles(folder: string, address: ServerAddress): Promise<void> {
    const file = join(folder, 'postgres', 'globals.sql')
    if (!existsSync(file)) return
    const globals = await readFile(file, 'utf8')
    await this.#withMaintenance(address, async (session) => {
      const present = new Set((await session.rows('SELECT rolname AS name FROM pg_roles')).map((row) => String(row['name'])))
      for (const statement of missingRoleStatements(globals, present)) {
        await session
          .rows(statement)
          .catch((error: unknown) => this.#context.log.warn({ reason: describeError(error) }, 'a role could not be made as it was'))
      }
    })
  }

  async #restore(file: string, database: string, address: ServerAddress, tables: readonly string[] | undefined): Promise<void> {
    const program = postgresProgram('pg_restore', this.#config.bin_dir)
    const env = postgresEnvironment(address, database)
    const child = { env, timeoutMs: this.#config.timeout, signal: this.#context.signal, secret: address.password, code: 'load_failed' }
    const run = [program, '--no-password', '--exit-on-error', '--single-transaction', `--dbname=${database}`]
    if (tables === undefined) {
      await runProgram({ ...child, argv: [...run, file] })
      return
    }
    const list = restoreList(await runProgram({ ...child, argv: [program, '--list', file] }), tables)
    if (list === undefined)
      throw new ConfigError('no_table', `the dump of ${database} has no table ${tables.join(', ')}; write schema.table`)
    const work = await WorkFolder.create(this.#context.workDir, 'restore')
    try {
      await writeFile(work.file('list'), list)
      await runProgram({ ...child, argv: [...run, `--use-list=${work.file('list')}`, file] })
    } finally {
      await work.remove()
    }
  }

  #address(target: LoadTarget): ServerAddress {
    return serverAddress(target.connection ?? this.#config, postgresPort)
  }

  async #with<T>(target: LoadTarget, database: string, work: (session: PostgresSession) => Promise<T>): Promise<T> {
    return await inDatabase(this.#address(target), database, this.#context.signal, work)
  }

  /** In a database that is none of those to be changed. */
  async #withMaintenance<T>(address: ServerAddress, work: (session: PostgresSession) => Promise<T>): Promise<T> {
    try {
      return await inDatabase(address, 'postgres', this.#context.signal, work)
    } catch (error) {
      if (!(error instanceof EffectError) || !isNoDatabase(error.cause)) throw error
      return await inDatabase(address, 'template1', this.#context.signal, work)
    }
  }
}

async function inDatabase<T>(
  address: ServerAddress,
  database: string,
  signal: AbortSignal,
  work: (session: PostgresSession) => Promise<T>,
): Promise<T> {
  const session = await PostgresSession.open(address, database, signal)
  try {
    return await work(session)
  } finally {
    await session.close()
  }
}

function isNoDatabase(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === '3D000'
}

function dumpsIn(folder: string): string[] {
  const parent = join(folder, 'postgres')
  if (!existsSync(parent)) return []
  return readdirSync(parent)
    .filter((name) => existsSync(join(parent, name, 'database.dump')))
    .sort()
}
