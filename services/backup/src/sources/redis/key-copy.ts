import { ConfigError } from '@nightshift/shared/errors'
import type { RedisConnection } from './connection.ts'
import type { Reply } from './resp.ts'

const keysPerRound = 200

/** Stands in a database that was restored beside the live ones, and holds the suffix of that restore: only such a one may be emptied. */
export const markerKey = 'nightshift:restored'

/** Stands beside the mark in a database that was live before a swap. */
export const beforeKey = 'nightshift:before'

/** Numbers of the databases that hold keys. */
export async function filledDatabases(connection: RedisConnection): Promise<number[]> {
  return [...(await connection.text('INFO', 'keyspace')).matchAll(/^db(\d+):keys=/gm)].map((match) => Number(match[1]))
}

/** As many empty databases, from the last one down. */
export async function spareDatabases(connection: RedisConnection, count: number): Promise<number[]> {
  const reply = await connection.command('CONFIG', 'GET', 'databases').catch(() => null)
  const total = Array.isArray(reply) ? Number(reply[1]) : 16
  const filled = new Set(await filledDatabases(connection))
  const spare = Array.from({ length: total }, (_, index) => total - 1 - index).filter((number) => number > 0 && !filled.has(number))
  if (spare.length >= count) return spare.slice(0, count)
  throw new ConfigError(
    'no_spare_database',
    `the server has ${total} databases and ${spare.length} of them are empty; ${count} are needed to restore beside what is live: raise \`databases\`, or restore the RDB file by hand`,
  )
}

/** The keys of the selected database that fit a pattern, in portions. */
export async function* keysOf(connection: RedisConnection, pattern: string): AsyncGenerator<Buffer[]> {
  let cursor = '0'
  do {
    const reply = await connection.command('SCAN', cursor, 'MATCH', pattern, 'COUNT', keysPerRound)
    const [next, keys] = Array.isArray(reply) ? reply : []
    cursor = String(next)
    yield bytesOf(keys)
  } while (cursor !== '0')
}

/** Copies keys with their time to live from the selected database of one server to that of another. */
export async function copyKeys(from: RedisConnection, to: RedisConnection, patterns: readonly string[]): Promise<void> {
  for (const pattern of patterns) {
    for await (const keys of keysOf(from, pattern)) {
      const values = await Promise.all(keys.map(async (key) => await Promise.all([from.command('DUMP', key), from.command('PTTL', key)])))
      await Promise.all(
        keys.map(async (key, index) => {
          const [value, ttlMs] = values[index] ?? []
          // What expired meanwhile is gone.
          if (!Buffer.isBuffer(value)) return
          await to.command('RESTORE', key, Math.max(0, Number(ttlMs)), value, 'REPLACE')
        }),
      )
    }
  }
}

function bytesOf(reply: Reply | undefined): Buffer[] {
  return Array.isArray(reply) ? reply.filter((each) => Buffer.isBuffer(each)) : []
}
