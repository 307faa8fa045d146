import { createReadStream, existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError, describeError } from '@nightshift/shared/errors'
import type { SourceConfigOf } from '../../config/source-config.ts'
import { assertBeside, assertWhole, besideName, itemOf } from '../loaded-name.ts'
import type { CopyRows, Loaded, LoadedItem, Loader, LoaderContext, LoadOptions, LoadTarget, Scratch, Swap } from '../loader.ts'
import { runProgram } from '../process/program.ts'
import { serverAddress, type ServerAddress } from '../server-address.ts'
import type { Facts } from '../source.ts'
import { WorkFolder } from '../work-folder.ts'
import { MysqlPrograms } from './client-programs.ts'
import { copyTableRows } from './copy-rows.ts'
import { onlyTables } from './dump-tables.ts'
import { mysqlPort } from './port.ts'
import { ScratchMysql } from './scratch.ts'
import { MysqlSession, quoteName } from './session.ts'
import { maxNameBytes, revertSwap, swapTables } from './swap.ts'
import { missingUserStatements, usersOf } from './users.ts'

type MysqlConfig = SourceConfigOf<'mysql'>

const maxRows = 1000

export function mysqlLoader(config: MysqlConfig, context: LoaderContext): Loader {
  return new MysqlLoader(config, context)
}

class MysqlLoader implements Loader {
  readonly kind = 'mysql'
  readonly #config: MysqlConfig
  readonly #context: LoaderContext

  constructor(config: MysqlConfig, context: LoaderContext) {
    this.#config = config
    this.#context = context
  }

  async load(folder: string, target: LoadTarget, options: LoadOptions): Promise<Loaded> {
    const items = dumpsIn(folder)
      .filter((name) => options.only?.includes(name) ?? true)
      .map((name): LoadedItem => ({ name, loadedAs: besideName(name, target.suffix, maxNameBytes) }))
    if (items.length === 0)
      throw new ConfigError('no_dump', `there is no dump of ${options.only?.join(', ') ?? 'a database'} among the restored files`)
    const made: string[] = []
    try {
      await this.#with(target, async (session) => {
        await this.#makeUsers(folder, session)
        for (const item of items) {
          await session.rows(`CREATE DATABASE ${quoteName(item.loadedAs)}${await charsetOf(session, item.name)}`)
          made.push(item.loadedAs)
        }
      })
      for (const item of items) await this.#restore(join(folder, 'mysql', item.name, 'database.sql'), item.loadedAs, target, options.tables)
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
    const swapped = await this.#with(loaded.target, async (session) => await swapTables(session, loaded))
    return { kept: swapped.kept, undo: async () => await this.#with(loaded.target, async (session) => await swapped.undo(session)) }
  }

  async revert(loaded: Loaded): Promise<void> {
    await this.#with(loaded.target, async (session) => await revertSwap(session, loaded))
  }

  async copyRows(loaded: Loaded, rows: CopyRows): Promise<number> {
    const item = itemOf(loaded, rows.database)
    return await this.#withPrograms(
      loaded.target,
      async (programs, work) =>
        await this.#with(
          loaded.target,
          async (session) => await copyTableRows(item, rows, { programs, session, file: work.file('rows.sql') }),
        ),
    )
  }

  async count(loaded: Loaded): Promise<Facts> {
    return await this.#with(loaded.target, async (session) => {
      const facts: Facts = {}
      for (const { name, loadedAs } of loaded.items) {
        const tables = await session.column(
          "SELECT table_name FROM information_schema.tables WHERE table_schema = ? AND table_type = 'BASE TABLE'",
          [loadedAs],
        )
        for (const table of tables.map(String)) {
          const [count] = await session.column(`SELECT count(*) FROM ${quoteName(loadedAs)}.${quoteName(table)}`)
          facts[`rows.${name}.${table}`] = Number(count)
        }
      }
      return facts
    })
  }

  async query(loaded: Loaded, sql: string, database?: string): Promise<unknown[]> {
    const { loadedAs } = itemOf(loaded, database)
    return await this.#with(loaded.target, async (session) => (await session.column(sql)).slice(0, maxRows), loadedAs)
  }

  async drop(target: LoadTarget, names: readonly string[]): Promise<void> {
    assertBeside(target, names)
    await this.#with(target, async (session) => {
      for (const name of names) await session.rows(`DROP DATABASE IF EXISTS ${quoteName(name)}`)
    })
  }

  async scratch(): Promise<Scratch> {
    const server = await ScratchMysql.start(this.#context.workDir, this.#config.bin_dir, this.#context.signal)
    const target: LoadTarget = { connection: server.connection, suffix: '' }
    const loaded = async (): Promise<Loaded> => {
      const names = await this.#with(
        target,
        async (session) =>
          await session.column(
            "SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema', 'test')",
          ),
      )
      return { target, items: names.map((name) => ({ name: String(name), loadedAs: String(name) })), isPartial: false }
    }
    return {
      target,
      count: async () => await this.count(await loaded()),
      query: async (sql, database) => await this.query(await loaded(), sql, database),
      stop: async () => await server.stop(),
    }
  }

  /** Users that the dump knows and the server does not: what views and routines run as. */
  async #makeUsers(folder: string, session: MysqlSession): Promise<void> {
    const file = join(folder, 'mysql', 'users.sql')
    if (!existsSync(file)) return
    const present = await usersOf(session).catch(() => undefined)
    if (present === undefined) return
    for (const statement of missingUserStatements(await readFile(file, 'utf8'), present)) {
      await session
        .rows(statement)
        .catch((error: unknown) => this.#context.log.warn({ reason: describeError(error) }, 'a user could not be made as it was'))
    }
  }

  async #restore(file: string, database: string, target: LoadTarget, tables: readonly string[] | undefined): Promise<void> {
    await this.#withPrograms(target, async (programs) => {
      const spec = programs.spec('client', ['--binary-mode', '--batch', '--default-character-set=utf8mb4', database], {
        code: 'load_failed',
      })
      const input = createReadStream(file, { highWaterMark: 1024 * 1024 })
      if (tables === undefined) {
        await runProgram(spec, input)
        return
      }
      const picked = onlyTables(new Set(tables))
      input.on('error', (error) => picked.destroy(error))
      await runProgram(spec, input.pipe(picked))
      const missing = tables.find((table) => !picked.found.has(table))
      if (missing !== undefined) throw new ConfigError('no_table', `the dump of ${database} has no table ${missing}`)
    })
  }

  #address(target: LoadTarget): ServerAddress {
    return serverAddress(target.connection ?? this.#config, mysqlPort)
  }

  async #with<T>(target: LoadTarget, work: (session: MysqlSession) => Promise<T>, database?: string): Promise<T> {
    const session = await MysqlSession.open(this.#address(target), database, this.#context.signal)
    try {
      return await work(session)
    } finally {
      await session.close()
    }
  }

  async #withPrograms<T>(target: LoadTarget, use: (programs: MysqlPrograms, work: WorkFolder) => Promise<T>): Promise<T> {
    const work = await WorkFolder.create(this.#context.workDir, 'mysql')
    const { bin_dir: folder, timeout: timeoutMs } = this.#config
    try {
      return await use(await MysqlPrograms.prepare(this.#address(target), work, { folder, timeoutMs, signal: this.#context.signal }), work)
    } finally {
      await work.remove()
    }
  }
}

/** Of the live database, where there is one: a dump of one database does not say. */
async function charsetOf(session: MysqlSession, database: string): Promise<string> {
  const [row] = await session.rows(
    'SELECT default_character_set_name AS charset, default_collation_name AS collation FROM information_schema.schemata WHERE schema_name = ?',
    [database],
  )
  return row === undefined ? ' CHARACTER SET utf8mb4' : ` CHARACTER SET ${String(row['charset'])} COLLATE ${String(row['collation'])}`
}

function dumpsIn(folder: string): string[] {
  const parent = join(folder, 'mysql')
  if (!existsSync(parent)) return []
  return readdirSync(parent)
    .filter((name) => existsSync(join(parent, name, 'database.sql')))
    .sort()
}
