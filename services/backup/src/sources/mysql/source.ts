import { ConfigError, EffectError } from '@nightshift/shared/errors'
import type { SourceConfigOf } from '../../config/source-config.ts'
import { CountedDump, dumpMaterial, programStream, type DumpStream } from '../dump-stream.ts'
import { serverAddress, type ServerAddress } from '../server-address.ts'
import type { Facts, Material, Source, SourceContext } from '../source.ts'
import { fitsPattern } from '../table-pattern.ts'
import { WorkFolder } from '../work-folder.ts'
import { MysqlPrograms } from './client-programs.ts'
import { judgeDumpEnd } from './dump-end.ts'
import { dumpFlags } from './dump-flags.ts'
import { mysqlPort } from './port.ts'
import { RowCounter } from './row-counter.ts'
import { MysqlSession } from './session.ts'
import { userStatements } from './users.ts'

type MysqlConfig = SourceConfigOf<'mysql'>

const systemSchemas = ['mysql', 'information_schema', 'performance_schema', 'sys']

/** Databases of MySQL or MariaDB: one file of SQL each, in one transaction, and the users. */
export function mysqlSource(config: MysqlConfig): Source {
  return { kind: 'mysql', open: async (context) => await openMysql(config, context) }
}

async function openMysql(config: MysqlConfig, context: SourceContext): Promise<Material> {
  const address = serverAddress(config, mysqlPort)
  const facts: Facts = {}
  const { databases, users, ignored } = await look(config, address, context, facts)
  const work = await WorkFolder.create(context.workDir, 'mysql')
  try {
    const { bin_dir: folder, timeout: timeoutMs } = config
    const programs = await MysqlPrograms.prepare(address, work, { folder, timeoutMs, signal: context.signal })
    const nowMs = context.clock.now()
    const counters = new Map<string, RowCounter>()
    const dumps = databases.map((database) => databaseDump(database, { config, ignored, programs, counters, context }))
    const userPath = '/mysql/users.sql'
    const userDump = users === undefined ? [] : [textDump(userPath, nowMs, users)]
    return dumpMaterial(
      {
        paths: [...databases.map((database) => `/mysql/${database}`), ...userDump.map(({ path }) => path)],
        dumps: [...userDump, ...dumps],
        rule: config,
        unruled: [userPath],
        facts: () => Promise.resolve({ ...facts, ...countedRows(counters) }),
        close: async () => await work.remove(),
      },
      context,
    )
  } catch (error) {
    await work.remove()
    throw error
  }
}

async function look(
  config: MysqlConfig,
  address: ServerAddress,
  context: SourceContext,
  facts: Facts,
): Promise<{ databases: readonly string[]; users: string | undefined; ignored: readonly string[] }> {
  const session = await MysqlSession.open(address, undefined, context.signal)
  try {
    facts['mysql_version'] = String((await session.column('SELECT version()'))[0])
    const present = (await session.column('SHOW DATABASES')).map(String).filter((name) => !systemSchemas.includes(name.toLowerCase()))
    const wanted = config.databases ?? (address.database === undefined ? 'all' : [address.database])
    const missing = wanted === 'all' ? undefined : wanted.find((name) => !present.includes(name))
    if (missing !== undefined)
      throw new ConfigError(
        'no_source',
        `there is no database ${missing} on ${address.target} that the user may see; it has ${present.join(', ')}`,
      )
    const databases = wanted === 'all' ? present : wanted
    if (databases.length === 0) throw new EffectError('no_source', `there is no database on ${address.target} that the user may see`)
    const plain = await session.column(
      "SELECT CONCAT(table_schema, '.', table_name) FROM information_schema.tables WHERE table_schema IN (?) AND engine IN ('MyISAM', 'Aria', 'MEMORY', 'ARCHIVE', 'CSV') LIMIT 100",
      [databases],
    )
    if (plain.length > 0) {
      facts['tables_without_transactions'] = plain.length
      context.log.warn({ tables: plain.slice(0, 5) }, 'tables without transactions are dumped as they are at their turn, not at one moment')
    }
    const users = config.users ? await userStatements(session) : undefined
    if (config.users) facts['users'] = users === undefined ? 'no' : 'yes'
    return { databases, users, ignored: await excludedTables(session, databases, config.exclude_tables) }
  } finally {
    await session.close()
  }
}

/** mysqldump knows no patterns. */
async function excludedTables(session: MysqlSession, databases: readonly string[], patterns: readonly string[]): Promise<string[]> {
  if (patterns.length === 0) return []
  const rows = await session.rows(
    'SELECT table_schema AS db, table_name AS name FROM information_schema.tables WHERE table_schema IN (?)',
    [databases],
  )
  return rows
    .filter((row) => fitsPattern(patterns, String(row['db']), String(row['name'])))
    .map((row) => `${String(row['db'])}.${String(row['name'])}`)
}

interface DumpSettings {
  readonly config: MysqlConfig
  readonly ignored: readonly string[]
  readonly programs: MysqlPrograms
  readonly counters: Map<string, RowCounter>
  readonly context: SourceContext
}

function databaseDump(database: string, { config, ignored, programs, counters, context }: DumpSettings): DumpStream {
  const args = [
    ...dumpFlags,
    ...ignored.filter((name) => name.startsWith(`${database}.`)).map((name) => `--ignore-table=${name}`),
    database,
  ]
  const prepare = (signal: AbortSignal) =>
    Promise.resolve(programs.spec('dump', args, { signal: AbortSignal.any([signal, context.signal]) }))
  const onChunk = (): ((chunk: Buffer) => void) => {
    const counter = new RowCounter()
    counters.set(database, counter)
    return (chunk) => counter.push(chunk)
  }
  const path = `/mysql/${database}/database.sql`
  return programStream(path, context.clock.now(), prepare, {
    judgeEnd: (end) => judgeDumpEnd(path, end),
    ...(config.count_rows && { onChunk }),
  })
}

function textDump(path: string, nowMs: number, text: string): DumpStream {
  return new CountedDump(path, nowMs, async function* read() {
    yield await Promise.resolve(Buffer.from(text))
  })
}

function countedRows(counters: ReadonlyMap<string, RowCounter>): Facts {
  const facts: Facts = {}
  for (const [database, { rows }] of counters) for (const [table, count] of rows) facts[`rows.${database}.${table}`] = count
  return facts
}
