import { constants, existsSync, statSync } from 'node:fs'
import { chmod, chown, copyFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ConfigError, EffectError } from '@nightshift/shared/errors'
import type { SourceConfigOf } from '../../config/source-config.ts'
import { assertBeside, assertWhole, itemOf, keptName } from '../loaded-name.ts'
import type { CopyRows, Loaded, Loader, LoaderContext, LoadOptions, LoadTarget, Scratch, Swap } from '../loader.ts'
import type { Facts } from '../source.ts'
import { WorkFolder } from '../work-folder.ts'
import { assertSound, countRows, quoteName } from './facts.ts'

type SqliteConfig = SourceConfigOf<'sqlite'>

const maxRows = 1000
const maxFileNameBytes = 240
const logSuffixes = ['-wal', '-shm', '-journal']

export function sqliteLoader(config: SqliteConfig, context: LoaderContext): Loader {
  return new SqliteLoader(config, context)
}

/** A database is a file: it is put beside the live one and takes its name. Whoever writes into the live one must be stopped for a swap. */
class SqliteLoader implements Loader {
  readonly kind = 'sqlite'
  readonly #path: string
  readonly #context: LoaderContext

  constructor(config: SqliteConfig, context: LoaderContext) {
    this.#path = config.path
    this.#context = context
  }

  async load(folder: string, target: LoadTarget, options: LoadOptions): Promise<Loaded> {
    if (options.tables !== undefined)
      throw new ConfigError('no_tables', 'a SQLite file is restored whole; copy the rows of the tables from it afterwards')
    const restored = join(folder, this.#path)
    if (!existsSync(restored)) throw new ConfigError('no_dump', `${this.#path} is not among the restored files`)
    assertSound(restored)
    const loadedAs = `${target.folder === undefined ? this.#path : join(target.folder, basename(this.#path))}${target.suffix}`
    try {
      await copyFile(restored, loadedAs, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    } catch (cause) {
      throw new EffectError(
        'load_failed',
        `cannot write ${loadedAs}: look whether it is there already, and at the permissions and room of its folder`,
        { cause },
      )
    }
    const likeness = statSync(this.#path, { throwIfNoEntry: false }) ?? statSync(restored)
    await chmod(loadedAs, likeness.mode & 0o7777)
    if (process.getuid?.() === 0) await chown(loadedAs, likeness.uid, likeness.gid)
    return { target, items: [{ name: this.#path, loadedAs }], isPartial: false }
  }

  async swap(loaded: Loaded): Promise<Swap> {
    assertWhole(loaded)
    const { name, loadedAs } = itemOf(loaded, undefined)
    const kept = join(dirname(name), keptName(basename(name), loaded.target.suffix, maxFileNameBytes))
    const wasThere = existsSync(name)
    if (wasThere) await renameWithLogs(name, kept)
    try {
      await renameWithLogs(loadedAs, name)
    } catch (error) {
      if (wasThere) await renameWithLogs(kept, name)
      throw error
    }
    return {
      kept: wasThere ? [kept] : [],
      undo: async () => {
        await renameWithLogs(name, loadedAs)
        if (wasThere) await renameWithLogs(kept, name)
      },
    }
  }

  async revert(loaded: Loaded): Promise<void> {
    const { name, loadedAs } = itemOf(loaded, undefined)
    const kept = join(dirname(name), keptName(basename(name), loaded.target.suffix, maxFileNameBytes))
    const isAside = existsSync(kept)
    if (existsSync(name) && !existsSync(loadedAs)) await renameWithLogs(name, loadedAs)
    if (isAside) await renameWithLogs(kept, name)
    // A process that ended before the database itself moved may have moved its logs.
    else for (const suffix of logSuffixes) if (existsSync(`${kept}${suffix}`)) await rename(`${kept}${suffix}`, `${name}${suffix}`)
  }

  copyRows(loaded: Loaded, rows: CopyRows): Promise<number> {
    const { name, loadedAs } = itemOf(loaded, undefined)
    const live = new DatabaseSync(name, { timeout: 30_000 })
    try {
      live.prepare('ATTACH ? AS nightshift_loaded').run(loadedAs)
      const table = quoteName(rows.table)
      const columns = live.prepare('SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0').all(rows.table)
      if (columns.length === 0) throw new ConfigError('no_table', `${name} has no table ${rows.table}`)
      const list = columns.map((row) => quoteName(String(row['name']))).join(', ')
      const where = rows.where === undefined ? '' : ` WHERE (${rows.where}\n)`
      const how = rows.replace ? 'REPLACE' : 'IGNORE'
      const sql = `INSERT OR ${how} INTO main.${table} (${list}) SELECT ${list} FROM nightshift_loaded.${table}${where}`
      return Promise.resolve(Number(live.prepare(sql).run().changes))
    } catch (cause) {
      if (cause instanceof ConfigError) throw cause
      throw new EffectError('load_failed', `cannot copy rows of ${rows.table} into ${name}`, { cause })
    } finally {
      live.close()
    }
  }

  count(loaded: Loaded): Promise<Facts> {
    return Promise.resolve(countRows(itemOf(loaded, undefined).loadedAs))
  }

  query(loaded: Loaded, sql: string): Promise<unknown[]> {
    const database = new DatabaseSync(itemOf(loaded, undefined).loadedAs, { readOnly: true })
    try {
      const found: unknown[] = []
      const statement = database.prepare(sql)
      // Larger numbers than JavaScript's are refused otherwise.
      statement.setReadBigInts(true)
      for (const row of statement.iterate()) if (found.push(plain(Object.values(row)[0])) === maxRows) break
      return Promise.resolve(found)
    } finally {
      database.close()
    }
  }

  async drop(target: LoadTarget, names: readonly string[]): Promise<void> {
    assertBeside(target, names)
    for (const name of names) for (const suffix of ['', ...logSuffixes]) await rm(`${name}${suffix}`, { force: true })
  }

  async scratch(): Promise<Scratch> {
    const work = await WorkFolder.create(this.#context.workDir, 'sqlite')
    const target: LoadTarget = { folder: work.path, suffix: '' }
    const loaded: Loaded = { target, items: [{ name: this.#path, loadedAs: work.file(basename(this.#path)) }], isPartial: false }
    return {
      target,
      count: async () => await this.count(loaded),
      query: async (sql) => await this.query(loaded, sql),
      stop: async () => await work.remove(),
    }
  }
}

/** A database whose log stays behind has lost its last writes, and one that finds a foreign log is destroyed by it. */
async function renameWithLogs(from: string, to: string): Promise<void> {
  for (const suffix of logSuffixes) {
    await rm(`${to}${suffix}`, { force: true })
    if (existsSync(`${from}${suffix}`)) await rename(`${from}${suffix}`, `${to}${suffix}`)
  }
  await rename(from, to)
}

function plain(value: unknown): unknown {
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value
}
