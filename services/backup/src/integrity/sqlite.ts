import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { ConfigError, EffectError } from '@nightshift/shared/errors'
import type { IntegrityConfigOf } from '../config/integrity-config.ts'
import type { Examination, Examiner, Finding, Repair } from './finding.ts'

const busyTimeoutMs = 10_000
const maxFindings = 100
/** A log that large was not brought into the database for long. */
const largeLogBytes = 64 * 1024 ** 2
const emptyShare = 0.5
const smallPages = 1000

export interface SqliteFigures {
  readonly integrity: readonly string[]
  readonly foreignKeys: readonly { table: string; parent: string; rows: number }[]
  readonly tables: number
  readonly logBytes: number
  readonly pages: number
  readonly freePages: number
  readonly hasStatistics: boolean
}

/** What the figures of a SQLite database mean. */
export function judgeSqlite(figures: SqliteFigures): Examination {
  const { integrity, foreignKeys, tables, logBytes, pages, freePages, hasStatistics } = figures
  const findings: Finding[] = []
  const isWhole = integrity.length === 1 && integrity[0] === 'ok'
  const problems = isWhole ? [] : integrity
  // What is wrong with an index only can be made anew from the rows.
  const areIndexes =
    problems.length > 0 && problems.every((line) => /missing from index|wrong # of entries in index|non-unique entry in index/.test(line))
  const reindex: Repair = { kind: 'reindex', statement: 'REINDEX', effect: 'builds every index anew from the rows; writers wait meanwhile' }
  if (problems.length > 0)
    findings.push({
      check: 'integrity_check',
      severity: 'error',
      detail: `${problems.slice(0, 5).join(' | ')}${areIndexes ? '' : ': restore the last verified snapshot, or save what can be read with `.recover`'}`,
      ...(areIndexes && { repair: reindex }),
    })
  for (const { table, parent, rows } of foreignKeys)
    findings.push({
      check: 'foreign_key_check',
      severity: 'error',
      detail: `${rows} rows of ${table} point to rows of ${parent} that are not there`,
    })
  if (logBytes > largeLogBytes)
    findings.push({
      check: 'log',
      severity: 'warning',
      detail: `the write-ahead log has ${Math.round(logBytes / 1024 ** 2)} MiB`,
      repair: {
        kind: 'checkpoint',
        statement: 'PRAGMA wal_checkpoint(TRUNCATE)',
        effect: 'brings the log into the database and empties it',
      },
    })
  if (pages > smallPages && freePages / pages > emptyShare)
    findings.push({
      check: 'free_pages',
      severity: 'warning',
      detail: `${Math.round((freePages / pages) * 100)} % of the file is empty`,
      repair: { kind: 'vacuum', statement: 'VACUUM', effect: 'writes the database anew; needs as much room again, and writers wait' },
    })
  if (!hasStatistics && tables > 0 && pages > smallPages)
    findings.push({
      check: 'statistics',
      severity: 'warning',
      detail: 'the planner has no statistics',
      repair: { kind: 'analyze', statement: 'ANALYZE', effect: 'counts what the indexes hold; changes no data' },
    })
  return { checked: tables, findings }
}

export function openSqlite(config: IntegrityConfigOf<'sqlite'>): Examiner {
  if (!(statSync(config.path, { throwIfNoEntry: false })?.isFile() ?? false))
    throw new ConfigError('no_source', `there is no database ${config.path}: correct \`path\``)
  return new SqliteExaminer(config.path)
}

class SqliteExaminer implements Examiner {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  examine(): Promise<Examination> {
    return Promise.resolve(this.#with(true, (database) => judgeSqlite(figuresOf(database, this.#path))))
  }

  ask(query: string, maxRows: number): Promise<unknown[][]> {
    const rows = this.#with(true, (database) => {
      const found: unknown[][] = []
      const statement = database.prepare(query)
      // Larger numbers than JavaScript's are refused otherwise.
      statement.setReadBigInts(true)
      for (const row of statement.iterate()) if (found.push(Object.values(row)) === maxRows) break
      return found
    })
    return Promise.resolve(rows)
  }

  tryOut(statement: string): Promise<number> {
    return Promise.resolve(this.#change(statement, 'ROLLBACK'))
  }

  repair({ kind, statement }: Repair): Promise<number> {
    if (kind === 'rule') return Promise.resolve(this.#change(statement, 'COMMIT'))
    this.#with(false, (database) => database.exec(statement))
    return Promise.resolve(0)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #change(statement: string, end: 'COMMIT' | 'ROLLBACK'): number {
    return this.#with(false, (database) => {
      database.exec('BEGIN IMMEDIATE')
      try {
        const { changes } = database.prepare(statement).run()
        database.exec(end)
        return Number(changes)
      } finally {
        if (database.isTransaction) database.exec('ROLLBACK')
      }
    })
  }

  #with<T>(readOnly: boolean, work: (database: DatabaseSync) => T): T {
    let database: DatabaseSync | undefined
    try {
      database = new DatabaseSync(this.#path, { readOnly, timeout: busyTimeoutMs })
      return work(database)
    } catch (cause) {
      throw new EffectError('integrity_failed', `cannot ask the SQLite database ${this.#path}`, { cause })
    } finally {
      database?.close()
    }
  }
}

function figuresOf(database: DatabaseSync, path: string): SqliteFigures {
  const number = (sql: string): number => Number(Object.values(database.prepare(sql).get() ?? {})[0])
  let integrity: string[]
  try {
    integrity = database
      .prepare(`PRAGMA integrity_check(${maxFindings})`)
      .all()
      .map((row) => String(Object.values(row)[0]))
  } catch (error) {
    // So damaged that it cannot even be looked through.
    return { integrity: [String(error)], foreignKeys: [], tables: 1, logBytes: 0, pages: 0, freePages: 0, hasStatistics: true }
  }
  const broken = new Map<string, { table: string; parent: string; rows: number }>()
  for (const row of database.prepare('PRAGMA foreign_key_check').iterate()) {
    const [table, parent] = [String(row['table']), String(row['parent'])]
    const known = broken.get(`${table} ${parent}`)
    broken.set(`${table} ${parent}`, { table, parent, rows: (known?.rows ?? 0) + 1 })
    if (broken.size === maxFindings) break
  }
  return {
    integrity,
    foreignKeys: [...broken.values()],
    tables: number("SELECT count(*) FROM sqlite_schema WHERE type = 'table'"),
    logBytes: statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0,
    pages: number('PRAGMA page_count'),
    freePages: number('PRAGMA freelist_count'),
    hasStatistics: number("SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_stat1'") > 0,
  }
}
