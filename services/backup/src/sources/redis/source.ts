import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { EffectError } from '@nightshift/shared/errors'
import type { SourceConfigOf } from '../../config/source-config.ts'
import { CountedDump, dumpMaterial } from '../dump-stream.ts'
import { serverAddress } from '../server-address.ts'
import type { Facts, Material, Source, SourceContext } from '../source.ts'
import { WorkFolder } from '../work-folder.ts'
import { RedisConnection, redisPort } from './connection.ts'
import { checkRdb } from './rdb-check.ts'

type RedisConfig = SourceConfigOf<'redis'>

export const redisDumpPath = '/redis/dump.rdb'

/** All databases of a Redis server in one RDB file, which was checked before it counts. */
export function redisSource(config: RedisConfig): Source {
  return { kind: 'redis', open: async (context) => await openRedis(config, context) }
}

async function openRedis(config: RedisConfig, context: SourceContext): Promise<Material> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(config.timeout)])
  const work = await WorkFolder.create(context.workDir, 'redis')
  try {
    const file = work.file('dump.rdb')
    const facts = await download(config, file, signal)
    Object.assign(facts, await checkRdb(file, config.bin_dir, signal))
    return rdbMaterial(file, facts, config, context, work)
  } catch (error) {
    await work.remove()
    if (context.signal.aborted) throw new EffectError('aborted', 'the run was stopped', { cause: error, transient: true })
    throw error
  }
}

/** Material of an RDB file that lies in a work folder. */
export function rdbMaterial(
  file: string,
  facts: Facts,
  rule: { min_size: number; shrink_ratio: number },
  context: SourceContext,
  work: WorkFolder,
): Material {
  const dump = new CountedDump(
    redisDumpPath,
    context.clock.now(),
    () => createReadStream(file, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>,
  )
  return dumpMaterial(
    { paths: [redisDumpPath], dumps: [dump], rule, facts: () => Promise.resolve(facts), close: async () => await work.remove() },
    context,
  )
}

async function download(config: RedisConfig, file: string, signal: AbortSignal): Promise<Facts> {
  const connection = await RedisConnection.open(serverAddress(config, redisPort), signal)
  try {
    const [, version] = /redis_version:(\S+)/.exec(await connection.text('INFO', 'server').catch(() => '')) ?? []
    await pipeline(connection.snapshot(), createWriteStream(file, { mode: 0o600 }), { signal })
    return version === undefined ? {} : { redis_version: version }
  } finally {
    connection.close()
  }
}
