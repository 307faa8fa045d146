import { checkDatabase } from '../databases/database-check.ts'
import { openRedis, redisPort, type RedisConnection } from '../databases/redis/connection.ts'
import { parseInfo } from '../databases/redis/info.ts'
import { redisRefusal } from '../databases/redis/refusal.ts'
import { RedisRefusal } from '../databases/redis/resp.ts'
import { serverAddress } from '../databases/server-address.ts'
import { orAborted } from '../databases/session.ts'
import type { CheckKind } from './check.ts'

/** A Redis server lets us in and answers PING, and a command of the user's where there is one. */
export const redisCheck: CheckKind<'redis'> = {
  kind: 'redis',
  run: async (config, options) =>
    await checkDatabase(config, options, {
      address: serverAddress(config, redisPort, ['rediss']),
      refusal: redisRefusal,
      open: async (address, progress) => {
        const connection = await openRedis(address, { signal: options.signal, progress })
        return {
          ...(await orAborted(greet(connection), options.signal)),
          readOnlyReason: async () => await orAborted(readOnlyReason(connection), options.signal),
          firstValue: async (words) => await orAborted(answer(connection, words), options.signal),
          close: () => connection.close(),
        }
      },
    }),
}

/** PING fails while Redis loads, while a replica has lost its source and while a failed save stops writes. A user may be let do no more. */
async function greet(connection: RedisConnection): Promise<{ version?: string }> {
  try {
    await connection.command('PING')
  } catch (error) {
    connection.close()
    throw error
  }
  try {
    const version = parseInfo(String(await connection.command('INFO', 'server'))).get('redis_version')
    return version === undefined ? {} : { version }
  } catch (error) {
    if (error instanceof RedisRefusal) return {}
    connection.close()
    throw error
  }
}

async function readOnlyReason(connection: RedisConnection): Promise<string | undefined> {
  const info = parseInfo(String(await connection.command('INFO', 'replication')))
  return info.get('role') === 'slave' ? 'it is a replica' : undefined
}

/** Of a list its first element, as of a row its first column. */
async function answer(connection: RedisConnection, words: readonly string[]): Promise<unknown> {
  const reply = await connection.command(...words)
  return Array.isArray(reply) ? reply[0] : reply
}
