import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { ConfigError } from '@nightshift/shared/errors'
import type { SourceConfigOf } from '../../config/source-config.ts'
import { assertBeside, itemOf } from '../loaded-name.ts'
import type { Loaded, LoadedItem, Loader, LoaderContext, LoadOptions, LoadTarget, Scratch, Swap } from '../loader.ts'
import { serverAddress } from '../server-address.ts'
import type { Facts } from '../source.ts'
import { withNats } from './connection.ts'
import { refillStream } from './refill.ts'
import { ScratchNats } from './scratch.ts'

type NatsConfig = SourceConfigOf<'nats'>

const natsPort = 4222
const kvPrefix = 'KV_'

export function natsLoader(config: NatsConfig, context: LoaderContext): Loader {
  return new NatsLoader(config, context)
}

/**
 * Streams are restored beside the live ones under names and subjects of their own: a bucket `shop` as the bucket `shop<suffix>`, a stream with
 * its subjects behind `restored<suffix>.`. Without a suffix they get their old names, which must be free.
 */
class NatsLoader implements Loader {
  readonly kind = 'nats'
  readonly #config: NatsConfig
  readonly #context: LoaderContext

  constructor(config: NatsConfig, context: LoaderContext) {
    this.#config = config
    this.#context = context
  }

  async load(folder: string, target: LoadTarget, options: LoadOptions): Promise<Loaded> {
    if (options.tables !== undefined) throw new ConfigError('no_tables', 'streams are restored whole; name them instead')
    const files = filesIn(folder).filter(({ name }) => options.only?.includes(name) ?? true)
    if (files.length === 0)
      throw new ConfigError('no_dump', `there is no stream ${options.only?.join(', ') ?? ''} among the restored files`)
    const items: LoadedItem[] = []
    await this.#with(target, async (connection) => {
      try {
        for (const { name, file } of files) {
          const loadedAs = `${name}${target.suffix}`
          await refillStream(connection, {
            file,
            name: loadedAs,
            subject: (old) => besideSubject(name, old, target.suffix),
            withConsumers: target.suffix === '' && this.#config.consumers,
            signal: this.#context.signal,
          })
          items.push({ name, loadedAs })
        }
      } catch (error) {
        const manager = await jetstreamManager(connection)
        for (const { loadedAs } of items) await manager.streams.delete(loadedAs).catch(() => false)
        throw error
      }
    })
    return { target, items, isPartial: false }
  }

  swap(): Promise<Swap> {
    const advice = 'delete the live stream (`nats stream rm NAME`) when you are sure, and restore it once more under its own name'
    return Promise.reject(
      new ConfigError('no_swap', `NATS cannot rename streams, so that a restored one cannot take the place of a live one: ${advice}`),
    )
  }

  /** There is no swap. */
  revert(): Promise<void> {
    return Promise.resolve()
  }

  async count(loaded: Loaded): Promise<Facts> {
    return await this.#withManager(loaded.target, async (manager) => {
      const facts: Facts = {}
      for (const { name, loadedAs } of loaded.items) facts[`messages.${name}`] = (await manager.streams.info(loadedAs)).state.messages
      return facts
    })
  }

  /** Here a statement is a subject: the payload of its last message as text. */
  async query(loaded: Loaded, sql: string, database?: string): Promise<unknown[]> {
    const { name, loadedAs } = itemOf(loaded, database)
    return await this.#withManager(loaded.target, async (manager) => {
      const message = await manager.streams.getMessage(loadedAs, { last_by_subj: besideSubject(name, sql.trim(), loaded.target.suffix) })
      return message === null ? [] : [Buffer.from(message.data).toString('utf8')]
    })
  }

  async drop(target: LoadTarget, names: readonly string[]): Promise<void> {
    assertBeside(target, names)
    await this.#withManager(target, async (manager) => {
      for (const name of names) await manager.streams.delete(name)
    })
  }

  async scratch(): Promise<Scratch> {
    const server = await ScratchNats.start(this.#context.workDir, this.#context.signal)
    const target: LoadTarget = { connection: server.connection, suffix: '' }
    const loaded = async (): Promise<Loaded> =>
      await this.#withManager(target, async (manager) => {
        const items: LoadedItem[] = []
        for await (const { config } of manager.streams.list()) items.push({ name: config.name, loadedAs: config.name })
        return { target, items, isPartial: false }
      })
    return {
      target,
      count: async () => await this.count(await loaded()),
      query: async (sql, database) => await this.query(await loaded(), sql, database),
      stop: async () => await server.stop(),
    }
  }

  async #with<T>(target: LoadTarget, work: (connection: NatsConnection) => Promise<T>): Promise<T> {
    if (target.connection === undefined) return await withNats(this.#config, this.#context.nats, work)
    const { host, port, user, password } = serverAddress(target.connection, natsPort)
    return await withNats({ servers: [`${host}:${port}`], user, password }, undefined, work)
  }

  async #withManager<T>(target: LoadTarget, work: (manager: JetStreamManager) => Promise<T>): Promise<T> {
    return await this.#with(target, async (connection) => await work(await jetstreamManager(connection)))
  }
}

function besideSubject(stream: string, subject: string, suffix: string): string {
  if (suffix === '') return subject
  const bucket = stream.startsWith(kvPrefix) ? `$KV.${stream.slice(kvPrefix.length)}` : undefined
  if (bucket !== undefined && subject.startsWith(`${bucket}.`)) return `${bucket}${suffix}${subject.slice(bucket.length)}`
  return `restored${suffix}.${subject}`
}

function filesIn(folder: string): { name: string; file: string }[] {
  return [
    { parent: join(folder, 'nats', 'streams'), prefix: '' },
    { parent: join(folder, 'nats', 'kv'), prefix: kvPrefix },
  ].flatMap(({ parent, prefix }) =>
    (existsSync(parent) ? readdirSync(parent) : [])
      .filter((name) => name.endsWith('.jsonl'))
      .sort()
      .map((name) => ({ name: `${prefix}${name.slice(0, -'.jsonl'.length)}`, file: join(parent, name) })),
  )
}
