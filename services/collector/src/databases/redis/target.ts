import type { Clock } from '@nightshift/shared/clock'
import { capItems, type SourceContext } from '../../sources/source.ts'
import { CounterMemory } from '../counter-memory.ts'
import { explainFailure, explainLate } from '../failure.ts'
import { serverAddress, type ConnectionConfig } from '../server-address.ts'
import { defaultPatienceMs, Session } from '../session.ts'
import { numberOf, type Look, type Target } from '../target-group.ts'
import { openRedis, redisPort, type RedisConnection } from './connection.ts'
import { countersOf, databaseItems, infoFields, parseInfo, type RedisCounter } from './info.ts'
import { redisRefusal } from './refusal.ts'
import { RedisRefusal } from './resp.ts'

interface RedisTargetConfig extends ConnectionConfig {
  timeout?: number | undefined
}

/** One Redis server: INFO and the length of its slow log. */
export class RedisTarget implements Target {
  readonly name: string
  readonly #clock: Clock
  readonly #session: Session<RedisConnection>
  readonly #memory: CounterMemory<RedisCounter>

  constructor(name: string, config: RedisTargetConfig, { clock, log, everyMs }: SourceContext) {
    this.name = name
    this.#clock = clock
    const address = serverAddress(config, redisPort, ['rediss'])
    const patienceMs = config.timeout ?? defaultPatienceMs(everyMs)
    this.#session = new Session({
      name: `redis ${name}`,
      open: async (signal, progress) => await openRedis(address, { signal, progress }),
      explain: (error) => explainFailure(error, { address, refusal: redisRefusal }),
      explainLate: (progress) => explainLate(address.target, patienceMs, progress),
      patienceMs,
      clock,
      log,
    })
    this.#memory = new CounterMemory()
  }

  async look(): Promise<Look | undefined> {
    const look = await this.#session.ask(async (connection) => await this.#ask(connection))
    if (look === undefined) this.forget()
    return look
  }

  forget(): void {
    this.#memory.forget()
  }

  close(): void {
    this.#session.close()
  }

  async #ask(connection: RedisConnection): Promise<Look> {
    const startMs = this.#clock.monotonicMs()
    const info = parseInfo(String(await connection.command('INFO')))
    const nowMs = this.#clock.monotonicMs()
    const slowCommands = await slowLogLength(connection)
    const rates = this.#memory.rates(nowMs, countersOf(info))
    const { kept, overflow } = capItems(databaseItems(info))
    return {
      fields: {
        answer_seconds: (nowMs - startMs) / 1000,
        ...infoFields(info, rates, this.#clock.now() / 1000),
        slow_commands: slowCommands,
      },
      beside: { redis_db: { items: kept, overflow } },
    }
  }
}

async function slowLogLength(connection: RedisConnection): Promise<number | null> {
  try {
    return numberOf(await connection.command('SLOWLOG', 'LEN'))
  } catch (error) {
    if (error instanceof RedisRefusal) return null
    throw error
  }
}
