import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '@nightshift/shared/errors'
import type { SourceConfigOf } from '../../config/source-config.ts'
import { assertWhole, itemOf } from '../loaded-name.ts'
import type { CopyRows, Loaded, LoadedItem, Loader, LoaderContext, LoadOptions, LoadTarget, Scratch, Swap } from '../loader.ts'
import { serverAddress } from '../server-address.ts'
import type { Facts } from '../source.ts'
import { RedisConnection, redisPort } from './connection.ts'
import { beforeKey, copyKeys, filledDatabases, keysOf, markerKey, spareDatabases } from './key-copy.ts'
import type { Reply } from './resp.ts'
import { ScratchRedis } from './scratch.ts'
import { redisDumpPath } from './source.ts'

type RedisConfig = SourceConfigOf<'redis'>

export function redisLoader(config: RedisConfig, context: LoaderContext): Loader {
  return new RedisLoader(config, context)
}

/** Databases of Redis have numbers: what is restored goes into empty ones, and SWAPDB puts them in the place of the live ones at once. */
class RedisLoader implements Loader {
  readonly kind = 'redis'
  readonly #config: RedisConfig
  readonly #context: LoaderContext
  readonly #scratches = new Map<string, ScratchRedis>()

  constructor(config: RedisConfig, context: LoaderContext) {
    this.#config = config
    this.#context = context
  }

  async load(folder: string, target: LoadTarget, options: LoadOptions): Promise<Loaded> {
    const file = join(folder, redisDumpPath)
    if (!existsSync(file)) throw new ConfigError('no_dump', 'there is no RDB file among the restored files')
    const own = this.#scratches.get(target.connection?.socket ?? '')
    if (own !== undefined) {
      await own.load(file)
      return await this.#withConnection(target, async (connection) => ({
        target,
        items: itemsOf(await filledDatabases(connection)),
        isPartial: false,
      }))
    }
    const staging = await ScratchRedis.start(this.#config.bin_dir, this.#context.signal, file)
    try {
      return await this.#bring(staging, target, options)
    } finally {
      await staging.stop()
    }
  }

  async swap(loaded: Loaded): Promise<Swap> {
    assertWhole(loaded)
    await this.#exchange(loaded, false)
    return { kept: loaded.items.map(({ loadedAs }) => loadedAs), undo: async () => await this.#exchange(loaded, true) }
  }

  async revert(loaded: Loaded): Promise<void> {
    const [first] = loaded.items
    if (first === undefined) return
    const isSwapped = await this.#withConnection(loaded.target, async (connection) => {
      await connection.command('SELECT', first.loadedAs)
      return (await connection.command('EXISTS', beforeKey)) === 1
    })
    if (isSwapped) await this.#exchange(loaded, true)
  }

  async copyRows(loaded: Loaded, rows: CopyRows): Promise<number> {
    if (rows.where !== undefined) throw new ConfigError('no_where', 'Redis has no conditions: give a pattern of keys as the table')
    const item = itemOf(loaded, rows.database)
    return await this.#withConnection(loaded.target, async (connection) => {
      await connection.command('SELECT', item.loadedAs)
      let copied = 0
      for await (const keys of keysOf(connection, rows.table)) {
        const wanted = keys.filter((key) => key.toString() !== markerKey)
        const replies = await Promise.all(
          wanted.map(async (key) => await connection.command('COPY', key, key, 'DB', item.name, ...(rows.replace ? ['REPLACE'] : []))),
        )
        copied += replies.filter((reply) => reply === 1).length
      }
      return copied
    })
  }

  async count(loaded: Loaded): Promise<Facts> {
    return await this.#withConnection(loaded.target, async (connection) => {
      let keys = 0
      for (const { loadedAs } of loaded.items) {
        await connection.command('SELECT', loadedAs)
        keys += Number(await connection.command('DBSIZE')) - Number(await connection.command('EXISTS', markerKey))
      }
      return { keys }
    })
  }

  /** Here a statement is a command, its words apart by spaces. */
  async query(loaded: Loaded, sql: string, database?: string): Promise<unknown[]> {
    const item = database === undefined && loaded.items.length !== 1 ? { loadedAs: '0' } : itemOf(loaded, database)
    return await this.#withConnection(loaded.target, async (connection) => {
      await connection.command('SELECT', item.loadedAs)
      const reply = await connection.command(...sql.trim().split(/\s+/))
      return (Array.isArray(reply) ? reply : [reply]).slice(0, 1000).map(plain)
    })
  }

  async drop(target: LoadTarget, names: readonly string[]): Promise<void> {
    await this.#withConnection(target, async (connection) => {
      for (const name of names) {
        await connection.command('SELECT', name)
        const mark = await connection.command('GET', markerKey)
        if (target.suffix === '' || !Buffer.isBuffer(mark) || mark.toString() !== target.suffix)
          throw new ConfigError('not_beside', `database ${name} is not emptied: it is not among what was restored beside the live data`)
        await connection.command('FLUSHDB')
      }
    })
  }

  async scratch(): Promise<Scratch> {
    const server = await ScratchRedis.start(this.#config.bin_dir, this.#context.signal)
    this.#scratches.set(server.socket, server)
    const target: LoadTarget = { connection: { socket: server.socket }, suffix: '' }
    const loaded = async (): Promise<Loaded> =>
      await this.#withConnection(target, async (connection) => ({
        target,
        items: itemsOf(await filledDatabases(connection)),
        isPartial: false,
      }))
    return {
      target,
      count: async () => await this.count(await loaded()),
      query: async (sql, database) => await this.query(await loaded(), sql, database),
      stop: async () => {
        this.#scratches.delete(server.socket)
        await server.stop()
      },
    }
  }

  /** All of them at once or none. */
  async #exchange(loaded: Loaded, isUndo: boolean): Promise<void> {
    const { suffix } = loaded.target
    await this.#withConnection(loaded.target, async (connection) => {
      await connection.command('MULTI')
      for (const { name, loadedAs } of loaded.items) {
        await connection.command('SELECT', loadedAs)
        await connection.command('DEL', markerKey, beforeKey)
        await connection.command('SWAPDB', name, loadedAs)
        await connection.command('SET', markerKey, suffix)
        if (!isUndo) await connection.command('SET', beforeKey, suffix)
      }
      const replies = await connection.command('EXEC')
      const refused = Array.isArray(replies) ? replies.find((reply) => reply instanceof Error) : undefined
      if (refused instanceof Error) throw new ConfigError('swap_refused', `Redis refused to swap databases: ${refused.message}`)
    })
  }

  async #bring(staging: ScratchRedis, target: LoadTarget, options: LoadOptions): Promise<Loaded> {
    const from = await RedisConnection.open(serverAddress({ socket: staging.socket }, redisPort), this.#context.signal)
    try {
      const numbers = (await filledDatabases(from)).filter((number) => options.only?.includes(String(number)) ?? true)
      return await this.#withConnection(target, async (to) => {
        const spare = await spareDatabases(to, numbers.length)
        const items = numbers.map((number, index): LoadedItem => ({ name: String(number), loadedAs: String(spare[index]) }))
        try {
          for (const { name, loadedAs } of items) {
            await from.command('SELECT', name)
            await to.command('SELECT', loadedAs)
            await to.command('SET', markerKey, target.suffix)
            await copyKeys(from, to, options.tables ?? ['*'])
          }
        } catch (error) {
          for (const { loadedAs } of items) await this.drop(target, [loadedAs]).catch(() => undefined)
          throw error
        }
        return { target, items, isPartial: options.tables !== undefined }
      })
    } finally {
      from.close()
    }
  }

  async #withConnection<T>(target: LoadTarget, work: (connection: RedisConnection) => Promise<T>): Promise<T> {
    const connection = await RedisConnection.open(serverAddress(target.connection ?? this.#config, redisPort), this.#context.signal)
    try {
      return await work(connection)
    } finally {
      connection.close()
    }
  }
}

function itemsOf(numbers: readonly number[]): LoadedItem[] {
  return numbers.map((number) => ({ name: String(number), loadedAs: String(number) }))
}

function plain(reply: Reply): unknown {
  return Buffer.isBuffer(reply) ? reply.toString('utf8') : reply
}
