const statusNames = [
  'Uptime',
  'Threads_connected',
  'Threads_running',
  'Max_used_connections',
  'Questions',
  'Slow_queries',
  'Aborted_connects',
  'Aborted_clients',
  'Connection_errors_max_connections',
  'Created_tmp_tables',
  'Created_tmp_disk_tables',
  'Innodb_row_lock_waits',
  'Innodb_row_lock_current_waits',
  'Innodb_buffer_pool_read_requests',
  'Innodb_buffer_pool_reads',
  'Innodb_deadlocks',
  'Bytes_received',
  'Bytes_sent',
]
const variableNames = ['max_connections', 'innodb_buffer_pool_size', 'read_only', 'super_read_only']

const list = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ')

/** No privilege is needed for these two. */
export const statusSql = `SHOW GLOBAL STATUS WHERE Variable_name IN (${list(statusNames)})`
export const variablesSql = `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${list(variableNames)})`

/** MySQL has no status variable for it; needs PROCESS. */
export const mysqlDeadlocksSql = "SELECT count AS deadlocks FROM information_schema.INNODB_METRICS WHERE name = 'lock_deadlocks'"

/** What a replica says of itself, by dialect and version: the first that the server knows. Needs REPLICATION CLIENT, on MariaDB SLAVE MONITOR. */
export function replicaSql(isMariadb: boolean): readonly string[] {
  return isMariadb ? ['SHOW ALL SLAVES STATUS'] : ['SHOW REPLICA STATUS', 'SHOW SLAVE STATUS']
}

const notOurs = "t.table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys') AND t.table_type = 'BASE TABLE'"

export const totalSizeSql = `
SELECT count(*) AS tables, sum(t.data_length + t.index_length) AS size_bytes FROM information_schema.tables t WHERE ${notOurs}`

/** Only tables that the user has some privilege on are seen. */
export const tablesSql = `
SELECT t.table_schema AS db, t.table_name AS name, t.data_length + t.index_length AS size_bytes, t.index_length AS index_bytes,
  t.data_free AS free_bytes, t.table_rows AS row_count
FROM information_schema.tables t WHERE ${notOurs}
ORDER BY t.data_length + t.index_length DESC, t.table_schema, t.table_name LIMIT ?`
