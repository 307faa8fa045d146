import type { Clock } from '@nightshift/shared/clock'
import type { Fields, SourceContext } from '../../sources/source.ts'
import { ratio } from '../../sources/rates.ts'
import { CounterMemory } from '../counter-memory.ts'
import { explainFailure, explainLate } from '../failure.ts'
import { serverAddress, type ConnectionConfig } from '../server-address.ts'
import { defaultPatienceMs, Session } from '../session.ts'
import { numberOf, type Look, type Target } from '../target-group.ts'
import { answered, openPostgres, postgresPort, type PostgresConnection, type Row } from './connection.ts'
import { PostgresDetail } from './detail.ts'
import { activitySql, checkpointsSql, databasesSql, replayLagSql, replicasSql, serverSql, slotsSql } from './queries.ts'
import { postgresRefusal } from './refusal.ts'

interface PostgresTargetConfig extends ConnectionConfig {
  timeout?: number | undefined
  slow_statement: number
  tables: number
  statements: number
  detail_every: number
}

/** Transaction identifiers run out here, and PostgreSQL stops a little before. */
const xidLimit = 2 ** 31

const summed = [
  'commits',
  'rollbacks',
  'deadlocks',
  'temp_bytes',
  'hits',
  'reads',
  'returned',
  'fetched',
  'inserted',
  'updated',
  'deleted',
] as const
type Counter = (typeof summed)[number] | 'wal_bytes'

/** One PostgreSQL server: its own figures on each look, sizes, tables and statements every `detail_every`. */
export class PostgresTarget implements Target {
  readonly name: string
  readonly #config: PostgresTargetConfig
  readonly #clock: Clock
  readonly #session: Session<PostgresConnection>
  readonly #memory: CounterMemory<Counter>
  readonly #detail: PostgresDetail

  constructor(name: string, config: PostgresTargetConfig, { clock, log, everyMs }: SourceContext) {
    this.name = name
    this.#config = config
    this.#clock = clock
    const address = serverAddress(config, postgresPort)
    const patienceMs = config.timeout ?? defaultPatienceMs(everyMs)
    this.#session = new Session({
      name: `postgres ${name}`,
      open: async (signal, progress) =>
        await openPostgres(address, { signal, progress, statementTimeoutMs: patienceMs / 4, readOnly: true }),
      explain: (error) => explainFailure(error, { address, refusal: postgresRefusal }),
      explainLate: (progress) => explainLate(address.target, patienceMs, progress),
      patienceMs,
      clock,
      log,
    })
    this.#memory = new CounterMemory()
    this.#detail = new PostgresDetail(config, clock)
  }

  async look(): Promise<Look | undefined> {
    const fields = await this.#session.ask(async (connection) => await this.#figures(connection))
    if (fields === undefined) {
      this.forget()
      return undefined
    }
    const beside = this.#detail.isDue() ? await this.#session.ask(async (connection) => await this.#detail.look(connection)) : undefined
    return { fields: { ...fields, size_bytes: this.#detail.sizeBytes }, ...(beside === undefined ? {} : { beside }) }
  }

  forget(): void {
    this.#memory.forget()
    this.#detail.forget()
  }

  close(): void {
    this.#session.close()
  }

  async #figures(connection: PostgresConnection): Promise<Fields> {
    const startMs = this.#clock.monotonicMs()
    // Where even this fails there is nothing to tell; the others may be refused one by one.
    const [server = {}] = await connection.rows(serverSql)
    const answerSeconds = (this.#clock.monotonicMs() - startMs) / 1000
    const isReplica = server['replica'] === true
    const databases = await answered(connection, databasesSql)
    const activity = server['is_monitor'] === true ? await first(connection, activitySql, [this.#config.slow_statement / 1000]) : undefined
    const replication = await first(connection, isReplica ? replayLagSql : replicasSql)
    const slots = await first(connection, slotsSql)
    const checkpoints = await first(connection, checkpointsSql(connection.version))
    const totals = sums(databases)
    const rates = this.#memory.rates(this.#clock.monotonicMs(), { ...totals, wal_bytes: numberOf(server['wal_bytes_total']) })
    const connections = numberOf(activity?.['connections']) ?? sumOf(databases, 'connections')
    const max = numberOf(server['connections_max'])
    const xidAge = numberOf(server['xid_age'])
    return {
      answer_seconds: answerSeconds,
      uptime_seconds: numberOf(server['uptime_seconds']),
      connections,
      connections_max: max,
      connections_ratio: connections === null || max === null ? null : ratio(connections, max),
      ...numbers(activity, activityFields),
      locks_granted: numberOf(server['locks_granted']),
      locks_waiting: numberOf(server['locks_waiting']),
      deadlocks_total: totals.deadlocks,
      commits_total: totals.commits,
      rollbacks_total: totals.rollbacks,
      temp_bytes_total: totals.temp_bytes,
      wal_bytes_total: numberOf(server['wal_bytes_total']),
      commits_per_second: rates.commits,
      rollbacks_per_second: rates.rollbacks,
      rows_returned_per_second: rates.returned,
      rows_fetched_per_second: rates.fetched,
      rows_inserted_per_second: rates.inserted,
      rows_updated_per_second: rates.updated,
      rows_deleted_per_second: rates.deleted,
      temp_bytes_per_second: rates.temp_bytes,
      wal_bytes_per_second: rates.wal_bytes,
      cache_hit_ratio: rates.hits === null || rates.reads === null ? null : ratio(rates.hits, rates.hits + rates.reads),
      replica: isReplica ? 1 : 0,
      ...(isReplica ? {} : { replicas: numberOf(replication?.['replicas']) }),
      ...(isReplica || replication?.['replicas'] !== 0
        ? { replication_lag_seconds: numberOf(replication?.['lag_seconds']), replication_lag_bytes: numberOf(replication?.['lag_bytes']) }
        : {}),
      ...numbers(slots, ['slots', 'slots_inactive', 'slots_retained_bytes']),
      checkpoints_timed_total: numberOf(checkpoints?.['timed']),
      checkpoints_requested_total: numberOf(checkpoints?.['requested']),
      xid_age: xidAge,
      xid_used_ratio: xidAge === null ? null : ratio(xidAge, xidLimit),
      archive_failed_total: numberOf(server['archive_failed_total']),
    }
  }
}

const activityFields = [
  'connections_active',
  'connections_idle',
  'connections_idle_in_transaction',
  'connections_waiting',
  'oldest_transaction_seconds',
  'slow_statements',
  'slowest_statement_seconds',
] as const

async function first(connection: PostgresConnection, sql: string, values: readonly unknown[] = []): Promise<Row | undefined> {
  return (await answered(connection, sql, values))?.[0]
}

function numbers(row: Row | undefined, names: readonly string[]): Fields {
  return Object.fromEntries(names.map((name) => [name, numberOf(row?.[name])]))
}

function sums(databases: readonly Row[] | undefined): Record<(typeof summed)[number], number | null> {
  return Object.fromEntries(summed.map((name) => [name, sumOf(databases, name)])) as Record<(typeof summed)[number], number | null>
}

function sumOf(rows: readonly Row[] | undefined, name: string): number | null {
  return rows === undefined ? null : rows.reduce((sum, row) => sum + (numberOf(row[name]) ?? 0), 0)
}
