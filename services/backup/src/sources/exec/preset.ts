import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { ConfigError } from '@nightshift/shared/errors'
import type { SourceConfigOf } from '../../config/source-config.ts'
import { CountedDump, dumpMaterial, programStream, type DumpStream } from '../dump-stream.ts'
import { judgeDumpEnd } from '../mysql/dump-end.ts'
import { RowCounter } from '../mysql/row-counter.ts'
import { dumpFlags } from '../mysql/dump-flags.ts'
import { childEnvironment } from '../process/child-environment.ts'
import { checkRdb } from '../redis/rdb-check.ts'
import { rdbMaterial } from '../redis/source.ts'
import type { Facts, Material, SourceContext } from '../source.ts'
import { WorkFolder } from '../work-folder.ts'
import { InsideCounts } from './inside-counts.ts'
import { linesInside, printedInside, shellWord, type Inside } from './inside.ts'

export type ExecConfig = SourceConfigOf<'docker'> | SourceConfigOf<'kubernetes'>

const secretVariables = { postgres: 'PGPASSWORD', mysql: 'MYSQL_PWD', redis: 'REDISCLI_AUTH' } as const
const systemSchemas = new Set(['mysql', 'information_schema', 'performance_schema', 'sys'])

/** A dump that is taken inside a container: what a program prints there, or of a database by its own programs. */
export async function openInside(prefix: readonly string[], name: string, config: ExecConfig, context: SourceContext): Promise<Material> {
  const { preset, argv } = config
  if (argv !== undefined) return argvMaterial([...prefix, ...argv], config, context)
  if (preset === undefined) throw new ConfigError('no_source', `the job ${context.job} names neither preset nor argv`)
  const secret = config.password === undefined ? undefined : { variable: secretVariables[preset], value: config.password }
  const inside: Inside = { prefix, name, timeoutMs: config.timeout, secret }
  if (preset === 'redis') return await redisInside(inside, config, context)
  return preset === 'postgres' ? await postgresInside(inside, config, context) : await mysqlInside(inside, config, context)
}

function argvMaterial(argv: readonly string[], config: ExecConfig, context: SourceContext): Material {
  const path = `/command/${config.file_name}`
  const spec = { argv, env: childEnvironment({}, ['DOCKER_HOST', 'DOCKER_CONFIG', 'KUBECONFIG']), timeoutMs: config.timeout }
  const dump = programStream(path, context.clock.now(), (signal) =>
    Promise.resolve({ ...spec, signal: AbortSignal.any([signal, context.signal]) }),
  )
  return dumpMaterial({ paths: [path], dumps: [dump], rule: config }, context)
}

async function postgresInside(inside: Inside, config: ExecConfig, context: SourceContext): Promise<Material> {
  const login = `--username=${shellWord(config.user ?? 'postgres')} --no-password`
  const list = `psql ${login} -d ${shellWord(config.databases?.[0] ?? 'postgres')} -XAtc 'SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1'`
  const present = await linesInside(inside, list, context)
  const databases = chosen(config.databases, present, inside.name)
  const counting = new Map<string, InsideCounts>()
  const dumps = databases.map(
    (database) =>
      new CountedDump(`/postgres/${database}/database.dump`, context.clock.now(), async function* read(signal) {
        await counting.get(database)?.stop()
        const counts = await InsideCounts.start(inside, login, database, AbortSignal.any([signal, context.signal]))
        counting.set(database, counts)
        const line = `pg_dump ${login} --format=custom --compress=0 --snapshot=${shellWord(counts.snapshot)} ${shellWord(database)}`
        yield* printedInside(inside, line, context, signal)
      }),
  )
  const facts = async (): Promise<Facts> =>
    Object.assign({}, ...(await Promise.all([...counting.values()].map(async (counts) => await counts.facts())))) as Facts
  const close = async (): Promise<void> => void (await Promise.all([...counting.values()].map(async (counts) => await counts.stop())))
  const globals = insideDump(
    '/postgres/globals.sql',
    inside,
    `pg_dumpall ${login} --globals-only --database=${shellWord(databases[0] ?? 'postgres')}`,
    context,
  )
  const paths = [...databases.map((database) => `/postgres/${database}`), globals.path]
  return dumpMaterial({ paths, dumps: [globals, ...dumps], rule: config, unruled: [globals.path], facts, close }, context)
}

async function mysqlInside(inside: Inside, config: ExecConfig, context: SourceContext): Promise<Material> {
  const login = `--user=${shellWord(config.user ?? 'root')}`
  const list = `$(command -v mariadb || command -v mysql) ${login} -N -B -e 'SHOW DATABASES'`
  const present = (await linesInside(inside, list, context)).filter((name) => !systemSchemas.has(name.toLowerCase()))
  const databases = chosen(config.databases, present, inside.name)
  const counters = new Map<string, RowCounter>()
  const dumps = databases.map((database) => {
    const line = `$(command -v mariadb-dump || command -v mysqldump) ${login} ${dumpFlags.join(' ')} ${shellWord(database)}`
    return insideDump(`/mysql/${database}/database.sql`, inside, line, context, {
      start: () => counters.set(database, new RowCounter()),
      look: (chunk) => counters.get(database)?.push(chunk),
      judgeEnd: judgeDumpEnd,
    })
  })
  const facts = (): Promise<Facts> => {
    const entries = [...counters].flatMap(([database, { rows }]) =>
      [...rows].map(([table, count]) => [`rows.${database}.${table}`, count] as const),
    )
    return Promise.resolve(Object.fromEntries(entries))
  }
  return dumpMaterial({ paths: databases.map((database) => `/mysql/${database}`), dumps, rule: config, facts }, context)
}

async function redisInside(inside: Inside, config: ExecConfig, context: SourceContext): Promise<Material> {
  const work = await WorkFolder.create(context.workDir, 'redis')
  try {
    const file = work.file('dump.rdb')
    const user = config.user === undefined ? '' : `--user ${shellWord(config.user)} `
    // What it says about its progress goes to stderr.
    await pipeline(printedInside(inside, `redis-cli ${user}--rdb -`, context, context.signal), createWriteStream(file, { mode: 0o600 }))
    return rdbMaterial(file, await checkRdb(file, undefined, context.signal), config, context, work)
  } catch (error) {
    await work.remove()
    throw error
  }
}

interface Looks {
  start(): void
  look(chunk: Buffer): void
  judgeEnd(path: string, lastBytes: Buffer): void
}

function insideDump(path: string, inside: Inside, line: string, context: SourceContext, looks?: Looks): DumpStream {
  return new CountedDump(path, context.clock.now(), async function* read(signal) {
    looks?.start()
    let last: Buffer = Buffer.alloc(0)
    for await (const chunk of printedInside(inside, line, context, signal)) {
      if (looks !== undefined) last = Buffer.from(Buffer.concat([last, chunk.subarray(-256)]).subarray(-256))
      looks?.look(chunk)
      yield chunk
    }
    looks?.judgeEnd(path, last)
  })
}

function chosen(wanted: readonly string[] | undefined, present: readonly string[], name: string): readonly string[] {
  const missing = wanted?.find((each) => !present.includes(each))
  if (missing !== undefined || present.length === 0)
    throw new ConfigError('no_source', `there is no database ${missing ?? ''} in ${name}; it has ${present.join(', ') || 'none'}`)
  return wanted ?? present
}
