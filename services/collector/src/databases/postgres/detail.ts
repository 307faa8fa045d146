import type { Clock } from '@nightshift/shared/clock'
import { ratio } from '../../sources/rates.ts'
import { capItems, label, type Item } from '../../sources/source.ts'
import { CounterMemories } from '../counter-memory.ts'
import { DetailSchedule } from '../detail-schedule.ts'
import { numberOf, type Things } from '../target-group.ts'
import { answered, type PostgresConnection, type Row } from './connection.ts'
import { databasesSql, databaseSizesSql, statementsSchemaSql, statementsSql, tablesSql } from './queries.ts'

interface DetailConfig {
  tables: number
  statements: number
  detail_every: number
}

/** What costs more to find out than the rest: sizes, tables and statements. */
export class PostgresDetail {
  /** All databases together, as last measured. */
  sizeBytes: number | null = null
  readonly #config: DetailConfig
  readonly #clock: Clock
  readonly #schedule: DetailSchedule
  readonly #databases: CounterMemories<'commits' | 'hits' | 'reads'>
  readonly #statements: CounterMemories<'calls' | 'seconds'>

  constructor(config: DetailConfig, clock: Clock) {
    this.#config = config
    this.#clock = clock
    this.#schedule = new DetailSchedule(config.detail_every)
    this.#databases = new CounterMemories()
    this.#statements = new CounterMemories()
  }

  isDue(): boolean {
    return this.#schedule.isDue(this.#clock.monotonicMs())
  }

  /** After the server was away everything is asked for at once, and compared with nothing. */
  forget(): void {
    this.#schedule.reset()
    this.#databases.forget()
    this.#statements.forget()
  }

  async look(connection: PostgresConnection): Promise<Record<string, Things>> {
    this.#schedule.noteAsked(this.#clock.monotonicMs())
    const databases = await this.#databaseItems(connection)
    const tables = this.#config.tables === 0 ? undefined : await answered(connection, tablesSql, [this.#config.tables])
    const statements = this.#config.statements === 0 ? undefined : await this.#statementItems(connection)
    return {
      postgres_database: databases,
      ...(tables === undefined ? {} : { postgres_table: { items: tables.map(tableItem) } }),
      ...(statements === undefined ? {} : { postgres_statement: { items: statements } }),
    }
  }

  async #databaseItems(connection: PostgresConnection): Promise<Things> {
    const sizes = await answered(connection, databaseSizesSql)
    const sizeOf = new Map(sizes?.map((row) => [row['database'], numberOf(row['size_bytes'])]))
    const isWhole = sizes !== undefined && [...sizeOf.values()].every((size) => size !== null)
    this.sizeBytes = isWhole ? [...sizeOf.values()].reduce<number>((sum, size) => sum + (size ?? 0), 0) : null
    const { kept, overflow } = capItems((await answered(connection, databasesSql)) ?? [])
    const counters = new Map(kept.map((row) => [String(row['database']), countersOf(row, ['commits', 'hits', 'reads'])]))
    const rates = this.#databases.rates(this.#clock.monotonicMs(), counters)
    const items = kept.map((row) => {
      const name = String(row['database'])
      const { commits = null, hits = null, reads = null } = rates.get(name) ?? {}
      return {
        database: label(name),
        size_bytes: sizeOf.get(name) ?? null,
        connections: numberOf(row['connections']),
        commits_total: numberOf(row['commits']),
        rollbacks_total: numberOf(row['rollbacks']),
        deadlocks_total: numberOf(row['deadlocks']),
        temp_bytes_total: numberOf(row['temp_bytes']),
        commits_per_second: commits,
        cache_hit_ratio: hits === null || reads === null ? null : ratio(hits, hits + reads),
        xid_age: numberOf(row['xid_age']),
      }
    })
    return { items, overflow }
  }

  /** Undefined where the database has no pg_stat_statements, or this user may not read it. */
  async #statementItems(connection: PostgresConnection): Promise<Item[] | undefined> {
    const schema = (await answered(connection, statementsSchemaSql))?.[0]?.['schema']
    const rows = typeof schema === 'string' ? await answered(connection, statementsSql(schema), [this.#config.statements]) : undefined
    if (rows === undefined) return undefined
    const counters = new Map(rows.map((row) => [statementKey(row), countersOf(row, ['calls', 'seconds'])]))
    const rates = this.#statements.rates(this.#clock.monotonicMs(), counters)
    return rows.map((row) => {
      const [calls, seconds] = [numberOf(row['calls']), numberOf(row['seconds'])]
      const rate = rates.get(statementKey(row))
      return {
        database: label(String(row['database'])),
        statement: label(String(row['statement'])),
        calls_total: calls,
        seconds_total: seconds,
        rows_total: numberOf(row['rows']),
        calls_per_second: rate?.calls ?? null,
        busy_ratio: rate?.seconds ?? null,
        mean_seconds: calls === null || seconds === null || calls === 0 ? null : seconds / calls,
      }
    })
  }
}

function statementKey(row: Row): string {
  return `${String(row['database'])} ${String(row['statement'])}`
}

function countersOf<K extends string>(row: Row, names: readonly K[]): Record<K, number | null> {
  return Object.fromEntries(names.map((name) => [name, numberOf(row[name])])) as Record<K, number | null>
}

function tableItem(row: Row): Item {
  const [rows, dead] = [numberOf(row['rows']), numberOf(row['dead_rows'])]
  const values = ['size_bytes', 'index_bytes', 'sequential_scans_total', 'index_scans_total', 'vacuum_age_seconds', 'analyze_age_seconds']
  return {
    database: label(String(row['database'])),
    table: label(String(row['table'])),
    rows,
    dead_rows: dead,
    dead_ratio: rows === null || dead === null ? null : (ratio(dead, rows + dead) ?? 0),
    ...Object.fromEntries(values.map((name) => [name, numberOf(row[name])])),
  }
}
