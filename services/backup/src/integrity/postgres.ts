import type { IntegrityConfigOf } from '../config/integrity-config.ts'
import { postgresPort } from '../sources/postgres/port.ts'
import { PostgresSession, quoteName } from '../sources/postgres/session.ts'
import { tablesOf } from '../sources/postgres/tables.ts'
import { serverAddress } from '../sources/server-address.ts'
import { describeError, EffectError } from '@nightshift/shared/errors'
import type { Examination, Examiner, Finding, Repair } from './finding.ts'

const maxIndexes = 10_000
/** The server refuses writes at 2 billion; autovacuum begins at 200 million. */
const oldTransactions = 1_000_000_000
const deadShare = 0.5
const manyDeadRows = 100_000

export interface PostgresFigures {
  readonly invalidIndexes: readonly string[]
  /** Indexes in which amcheck found something, and what. */
  readonly brokenIndexes: readonly { name: string; problem: string }[]
  /** Tables that could not be read through, or in which amcheck found something. */
  readonly brokenTables: readonly { name: string; problem: string }[]
  readonly checksumFailures: number
  readonly oldestTransactions: number
  readonly dead: readonly { name: string; dead: number; live: number }[]
  readonly unanalyzed: readonly string[]
  readonly checked: number
}

/** What the figures of a PostgreSQL database mean. Names are quoted already. */
export function judgePostgres(figures: PostgresFigures): Examination {
  const findings: Finding[] = []
  const reindex = (name: string): Repair => ({
    kind: 'reindex',
    statement: `REINDEX INDEX CONCURRENTLY ${name}`,
    effect: `builds ${name} anew from the rows; reads and writes go on, and it needs its room twice`,
  })
  for (const name of figures.invalidIndexes)
    findings.push({
      check: 'invalid_index',
      severity: 'warning',
      detail: `the index ${name} is not valid: building it was cut off, and no query uses it`,
      repair: reindex(name),
    })
  for (const { name, problem } of figures.brokenIndexes)
    findings.push({ check: 'index', severity: 'error', detail: `${name}: ${problem}`, repair: reindex(name) })
  for (const { name, problem } of figures.brokenTables)
    findings.push({
      check: 'table',
      severity: 'error',
      detail: `${name}: ${problem}; restore it from the last verified snapshot beside, and compare`,
    })
  if (figures.checksumFailures > 0)
    findings.push({
      check: 'checksums',
      severity: 'error',
      detail: `the server counted ${figures.checksumFailures} pages with a wrong checksum: look at the disk, and restore`,
    })
  if (figures.oldestTransactions > oldTransactions)
    findings.push({
      check: 'transaction_age',
      severity: 'warning',
      detail: `the oldest transaction is ${figures.oldestTransactions} back; at 2,000,000,000 the server stops taking writes`,
      repair: {
        kind: 'vacuum',
        statement: 'VACUUM (FREEZE)',
        effect: 'marks old rows as frozen; reads and writes go on, and the disk is busy',
      },
    })
  for (const { name, dead, live } of figures.dead)
    if (dead > manyDeadRows && dead / (dead + live) > deadShare)
      findings.push({
        check: 'dead_rows',
        severity: 'warning',
        detail: `${name} has ${dead} dead rows beside ${live} live ones`,
        repair: {
          kind: 'vacuum',
          statement: `VACUUM (ANALYZE) ${name}`,
          effect: `makes the room of dead rows of ${name} usable; reads and writes go on`,
        },
      })
  for (const name of figures.unanalyzed)
    findings.push({
      check: 'statistics',
      severity: 'warning',
      detail: `${name} was never analyzed`,
      repair: { kind: 'analyze', statement: `ANALYZE ${name}`, effect: `reads a sample of ${name}; changes no data` },
    })
  return { checked: figures.checked, findings }
}

export async function openPostgres(config: IntegrityConfigOf<'postgres'>, signal: AbortSignal): Promise<Examiner> {
  const address = serverAddress(config, postgresPort)
  const session = await PostgresSession.open(address, config.database ?? address.database ?? 'postgres', signal)
  return new PostgresExaminer(session, config.deep)
}

class PostgresExaminer implements Examiner {
  readonly #session: PostgresSession
  readonly #isDeep: boolean

  constructor(session: PostgresSession, isDeep: boolean) {
    this.#session = session
    this.#isDeep = isDeep
  }

  async examine(): Promise<Examination> {
    return judgePostgres(await figuresOf(this.#session, this.#isDeep))
  }

  async ask(query: string, maxRows: number): Promise<unknown[][]> {
    await this.#session.rows('BEGIN READ ONLY')
    try {
      // A cursor bounds what comes; it also takes one statement only, and only one that reads.
      await this.#session.rows(`DECLARE nightshift_rule NO SCROLL CURSOR FOR ${query}`)
      return (await this.#session.rows(`FETCH ${maxRows} FROM nightshift_rule`)).map((row) => Object.values(row))
    } finally {
      await this.#session.rows('ROLLBACK')
    }
  }

  async tryOut(statement: string): Promise<number> {
    return await this.#change(statement, 'ROLLBACK')
  }

  async repair({ kind, statement }: Repair): Promise<number> {
    if (kind === 'rule') return await this.#change(statement, 'COMMIT')
    await this.#session.rows(statement)
    return 0
  }

  async close(): Promise<void> {
    await this.#session.close()
  }

  async #change(statement: string, end: 'COMMIT' | 'ROLLBACK'): Promise<number> {
    await this.#session.rows('BEGIN')
    let isDone = false
    try {
      const rows = await this.#session.change(statement)
      await this.#session.rows(end)
      isDone = true
      return rows
    } finally {
      if (!isDone) await this.#session.rows('ROLLBACK').catch(() => undefined)
    }
  }
}

async function figuresOf(session: PostgresSession, isDeep: boolean): Promise<PostgresFigures> {
  const hasAmcheck = (await session.value("SELECT count(*)::int FROM pg_extension WHERE extname = 'amcheck'")) === 1
  const invalid = await session.rows(indexesSql('NOT i.indisvalid'))
  const stats = await session.rows(
    `SELECT quote_ident(schemaname) || '.' || quote_ident(relname) AS name, n_dead_tup::float8 AS dead, n_live_tup::float8 AS live,
       last_analyze IS NULL AND last_autoanalyze IS NULL AND n_live_tup > 10000 AS unanalyzed FROM pg_stat_user_tables ORDER BY 1 LIMIT ${maxIndexes}`,
  )
  const [database] = await session.rows(
    'SELECT coalesce(s.checksum_failures, 0)::float8 AS failures, age(d.datfrozenxid)::float8 AS age FROM pg_database d LEFT JOIN pg_stat_database s ON s.datid = d.oid WHERE d.datname = current_database()',
  )
  const indexes = hasAmcheck ? await checkIndexes(session, isDeep) : { checked: 0, broken: [] }
  const tables = await checkTables(session, hasAmcheck)
  return {
    invalidIndexes: invalid.map((row) => String(row['name'])),
    brokenIndexes: indexes.broken,
    brokenTables: tables.broken,
    checksumFailures: Number(database?.['failures']),
    oldestTransactions: Number(database?.['age']),
    dead: stats.map((row) => ({ name: String(row['name']), dead: Number(row['dead']), live: Number(row['live']) })),
    unanalyzed: stats.filter((row) => row['unanalyzed'] === true).map((row) => String(row['name'])),
    checked: indexes.checked + tables.checked,
  }
}

function indexesSql(condition: string): string {
  return `SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name, c.oid::text AS oid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am a ON a.oid = c.relam
    WHERE ${condition} AND c.relkind = 'i' AND c.relpersistence = 'p' AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1 LIMIT ${maxIndexes}`
}

interface Checked {
  readonly checked: number
  readonly broken: { name: string; problem: string }[]
}

async function checkIndexes(session: PostgresSession, isDeep: boolean): Promise<Checked> {
  const indexes = await session.rows(indexesSql("i.indisvalid AND a.amname = 'btree'"))
  const broken: { name: string; problem: string }[] = []
  const schema = await amcheckSchema(session)
  for (const row of indexes) {
    const problem = await problemOf(
      async () => await session.rows(`SELECT ${schema}.bt_index_check($1::regclass, $2)`, [row['oid'], isDeep]),
    )
    if (problem !== undefined) broken.push({ name: String(row['name']), problem })
  }
  return { checked: indexes.length, broken }
}

/** By amcheck where it can (PostgreSQL 14 and later); else every value of every row is read. */
async function checkTables(session: PostgresSession, hasAmcheck: boolean): Promise<Checked> {
  const tables = await tablesOf(session)
  const broken: { name: string; problem: string }[] = []
  const canVerify = hasAmcheck && (await session.value("SELECT count(*)::int FROM pg_proc WHERE proname = 'verify_heapam'")) !== 0
  const schema = canVerify ? await amcheckSchema(session) : ''
  for (const table of tables) {
    const name = `${quoteName(table.schema)}.${quoteName(table.name)}`
    const problem = await problemOf(async () => {
      if (!canVerify) return await session.rows(`SELECT count(t::text) FROM ONLY ${name} t`)
      const rows = await session.rows(`SELECT blkno, msg FROM ${schema}.verify_heapam($1::regclass, check_toast => true) LIMIT 3`, [name])
      if (rows.length > 0)
        throw new EffectError('table_damaged', rows.map((row) => `block ${String(row['blkno'])}: ${String(row['msg'])}`).join(' | '))
      return rows
    })
    if (problem !== undefined) broken.push({ name, problem })
  }
  return { checked: tables.length, broken }
}

async function amcheckSchema(session: PostgresSession): Promise<string> {
  return String(
    await session.value(
      "SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'amcheck'",
    ),
  )
}

/** Damage that a question came upon; what the server or the network did otherwise is thrown. */
async function problemOf(ask: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await ask()
    return undefined
  } catch (error) {
    const code = error instanceof EffectError && error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : ''
    const isDamage = (error instanceof EffectError && error.code === 'table_damaged') || /^(?:XX00[012]|22|58)/.test(code)
    if (isDamage) return describeError(error instanceof EffectError && error.cause !== undefined ? error.cause : error)
    throw error
  }
}
