import type { Clock } from '@nightshift/shared/clock'
import { ratio } from '../../sources/rates.ts'
import { label, type Fields, type Item, type SourceContext } from '../../sources/source.ts'
import { CounterMemory } from '../counter-memory.ts'
import { explainFailure, explainLate } from '../failure.ts'
import { serverAddress, type ConnectionConfig } from '../server-address.ts'
import { DetailSchedule } from '../detail-schedule.ts'
import { defaultPatienceMs, Session } from '../session.ts'
import { numberOf, type Look, type Target } from '../target-group.ts'
import { mysqlPort, openMysql, type MysqlConnection, type Row } from './connection.ts'
import { mysqlDeadlocksSql, replicaSql, statusSql, tablesSql, totalSizeSql, variablesSql } from './queries.ts'
import { mysqlRefusal } from './refusal.ts'

interface MysqlTargetConfig extends ConnectionConfig {
  timeout?: number | undefined
  tables: number
  detail_every: number
}

const counters = [
  'Questions',
  'Slow_queries',
  'Created_tmp_disk_tables',
  'Innodb_row_lock_waits',
  'Innodb_buffer_pool_read_requests',
  'Innodb_buffer_pool_reads',
] as const
type Counter = (typeof counters)[number]

/** One MySQL or MariaDB server: its status on each look, sizes every `detail_every`. */
export class MysqlTarget implements Target {
  readonly name: string
  readonly #config: MysqlTargetConfig
  readonly #clock: Clock
  readonly #schedule: DetailSchedule
  readonly #session: Session<MysqlConnection>
  readonly #memory: CounterMemory<Counter>
  #sizeBytes: number | null = null

  constructor(name: string, config: MysqlTargetConfig, { clock, log, everyMs }: SourceContext) {
    this.name = name
    this.#config = config
    this.#clock = clock
    this.#schedule = new DetailSchedule(config.detail_every)
    const address = serverAddress(config, mysqlPort)
    const patienceMs = config.timeout ?? defaultPatienceMs(everyMs)
    this.#session = new Session({
      name: `mysql ${name}`,
      open: async (signal, progress) => await openMysql(address, { signal, progress, statementTimeoutMs: patienceMs / 4, readOnly: true }),
      explain: (error) => explainFailure(error, { address, refusal: mysqlRefusal }),
      explainLate: (progress) => explainLate(address.target, patienceMs, progress),
      patienceMs,
      clock,
      log,
    })
    this.#memory = new CounterMemory()
  }

  async look(): Promise<Look | undefined> {
    const fields = await this.#session.ask(async (connection) => await this.#figures(connection))
    if (fields === undefined) {
      this.forget()
      return undefined
    }
    const isDue = this.#schedule.isDue(this.#clock.monotonicMs())
    const tables = isDue ? await this.#session.ask(async (connection) => await this.#tables(connection)) : undefined
    return {
      fields: { ...fields, size_bytes: this.#sizeBytes },
      ...(tables === undefined ? {} : { beside: { mysql_table: { items: tables } } }),
    }
  }

  forget(): void {
    this.#memory.forget()
    this.#schedule.reset()
  }

  close(): void {
    this.#session.close()
  }

  async #figures(connection: MysqlConnection): Promise<Fields> {
    const startMs = this.#clock.monotonicMs()
    const status = namedValues(await connection.rows(statusSql))
    const nowMs = this.#clock.monotonicMs()
    const variables = namedValues((await connection.answered(variablesSql)) ?? [])
    const number = (name: string): number | null => numberOf(status.get(name))
    const rates = this.#memory.rates(
      nowMs,
      Object.fromEntries(counters.map((name) => [name, number(name)])) as Record<Counter, number | null>,
    )
    const [connections, max] = [number('Threads_connected'), numberOf(variables.get('max_connections'))]
    const { Innodb_buffer_pool_read_requests: requests, Innodb_buffer_pool_reads: misses } = rates
    return {
      answer_seconds: (nowMs - startMs) / 1000,
      uptime_seconds: number('Uptime'),
      connections,
      connections_max: max,
      connections_ratio: connections === null || max === null ? null : ratio(connections, max),
      connections_peak: number('Max_used_connections'),
      threads_running: number('Threads_running'),
      questions_total: number('Questions'),
      slow_queries_total: number('Slow_queries'),
      aborted_connects_total: number('Aborted_connects'),
      aborted_clients_total: number('Aborted_clients'),
      connection_errors_max_total: number('Connection_errors_max_connections'),
      tmp_tables_total: number('Created_tmp_tables'),
      tmp_disk_tables_total: number('Created_tmp_disk_tables'),
      row_lock_waits_total: number('Innodb_row_lock_waits'),
      deadlocks_total: await deadlocks(connection, status),
      received_bytes_total: number('Bytes_received'),
      sent_bytes_total: number('Bytes_sent'),
      questions_per_second: rates.Questions,
      slow_queries_per_second: rates.Slow_queries,
      tmp_disk_tables_per_second: rates.Created_tmp_disk_tables,
      row_lock_waits_per_second: rates.Innodb_row_lock_waits,
      row_lock_waiting: number('Innodb_row_lock_current_waits'),
      buffer_pool_bytes: numberOf(variables.get('innodb_buffer_pool_size')),
      buffer_pool_hit_ratio: requests === null || misses === null ? null : ratio(requests - misses, requests),
      read_only: variables.has('read_only') ? Number(isOn(variables.get('read_only')) || isOn(variables.get('super_read_only'))) : null,
      ...replicaFields(await replicas(connection)),
    }
  }

  async #tables(connection: MysqlConnection): Promise<Item[] | undefined> {
    this.#schedule.noteAsked(this.#clock.monotonicMs())
    const total = (await connection.answered(totalSizeSql))?.[0]
    this.#sizeBytes = numberOf(total?.['tables']) === 0 ? null : numberOf(total?.['size_bytes'])
    const rows = this.#config.tables === 0 ? undefined : await connection.answered(tablesSql, [this.#config.tables])
    return rows?.map((row) => ({
      database: label(String(row['db'])),
      table: label(String(row['name'])),
      size_bytes: numberOf(row['size_bytes']),
      index_bytes: numberOf(row['index_bytes']),
      free_bytes: numberOf(row['free_bytes']),
      rows: numberOf(row['row_count']),
    }))
  }
}

function namedValues(rows: readonly Row[]): Map<string, string> {
  return new Map(rows.map((row) => [String(row['Variable_name']), String(row['Value'])]))
}

function isOn(value: string | undefined): boolean {
  return value === 'ON' || value === '1'
}

async function deadlocks(connection: MysqlConnection, status: ReadonlyMap<string, string>): Promise<number | null> {
  if (status.has('Innodb_deadlocks') || connection.isMariadb) return numberOf(status.get('Innodb_deadlocks'))
  return numberOf((await connection.answered(mysqlDeadlocksSql))?.[0]?.['deadlocks'])
}

/** What it says of itself as a replica, one row for each source; undefined when the user may not ask. */
async function replicas(connection: MysqlConnection): Promise<Row[] | undefined> {
  for (const sql of replicaSql(connection.isMariadb)) {
    const rows = await connection.answered(sql)
    if (rows !== undefined) return rows
  }
  return undefined
}

function replicaFields(rows: readonly Row[] | undefined): Fields {
  if (rows === undefined) return { replica: null, replica_running: null, replication_lag_seconds: null }
  if (rows.length === 0) return { replica: 0 }
  const either = (row: Row, ...names: string[]): unknown => names.map((name) => row[name]).find((value) => value !== undefined)
  const isRunning = rows.every(
    (row) =>
      either(row, 'Replica_IO_Running', 'Slave_IO_Running') === 'Yes' && either(row, 'Replica_SQL_Running', 'Slave_SQL_Running') === 'Yes',
  )
  const lags = rows.map((row) => numberOf(either(row, 'Seconds_Behind_Source', 'Seconds_Behind_Master')))
  const known = lags.filter((lag) => lag !== null)
  return { replica: 1, replica_running: isRunning ? 1 : 0, replication_lag_seconds: known.length < lags.length ? null : Math.max(...known) }
}
