/** Works from PostgreSQL 13 on and for any user: what a user may not see is null. `pg_monitor` sees it all. */
export const serverSql = `
SELECT pg_is_in_recovery() AS replica,
  extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())::float8 AS uptime_seconds,
  current_setting('max_connections')::float8 AS connections_max,
  pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS is_monitor,
  (SELECT count(*)::float8 FROM pg_locks WHERE granted) AS locks_granted,
  (SELECT count(*)::float8 FROM pg_locks WHERE NOT granted) AS locks_waiting,
  (SELECT max(age(datfrozenxid))::float8 FROM pg_database) AS xid_age,
  (SELECT failed_count::float8 FROM pg_stat_archiver) AS archive_failed_total,
  pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END, '0/0')::float8 AS wal_bytes_total`

/** $1: seconds from which on a statement is slow. Our own session counts as a connection, and as nothing else. */
export const activitySql = `
SELECT count(*)::float8 AS connections,
  count(*) FILTER (WHERE state IN ('active', 'fastpath function call') AND pid <> pg_backend_pid())::float8 AS connections_active,
  count(*) FILTER (WHERE state = 'idle')::float8 AS connections_idle,
  count(*) FILTER (WHERE state LIKE 'idle in transaction%')::float8 AS connections_idle_in_transaction,
  count(*) FILTER (WHERE wait_event_type = 'Lock')::float8 AS connections_waiting,
  coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)) FILTER (WHERE pid <> pg_backend_pid()), 0)::float8 AS oldest_transaction_seconds,
  count(*) FILTER (WHERE state = 'active' AND pid <> pg_backend_pid()
    AND clock_timestamp() - query_start > make_interval(secs => $1))::float8 AS slow_statements,
  coalesce(max(extract(epoch FROM clock_timestamp() - query_start))
    FILTER (WHERE state = 'active' AND pid <> pg_backend_pid()), 0)::float8 AS slowest_statement_seconds
FROM pg_stat_activity WHERE backend_type = 'client backend'`

export const databasesSql = `
SELECT d.datname AS database, s.numbackends::float8 AS connections, age(d.datfrozenxid)::float8 AS xid_age,
  s.xact_commit::float8 AS commits, s.xact_rollback::float8 AS rollbacks, s.deadlocks::float8 AS deadlocks, s.temp_bytes::float8 AS temp_bytes,
  s.blks_hit::float8 AS hits, s.blks_read::float8 AS reads, s.tup_returned::float8 AS returned, s.tup_fetched::float8 AS fetched,
  s.tup_inserted::float8 AS inserted, s.tup_updated::float8 AS updated, s.tup_deleted::float8 AS deleted
FROM pg_database d JOIN pg_stat_database s ON s.datid = d.oid
WHERE NOT d.datistemplate ORDER BY s.xact_commit DESC, d.datname LIMIT 1000`

/** A user who may neither connect to a database nor read all statistics gets null, where the function alone would fail. */
export const databaseSizesSql = `
SELECT datname AS database,
  CASE WHEN has_database_privilege(oid, 'CONNECT') OR pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')
    THEN pg_database_size(oid)::float8 END AS size_bytes
FROM pg_database WHERE NOT datistemplate LIMIT 1000`

/**
 * Of a primary. The positions of the replicas are null for a user who is no monitor. The lag that PostgreSQL gives is the last one that a
 * replica told, also after it went silent.
 */
export const replicasSql = `
SELECT count(*)::float8 AS replicas,
  max(CASE WHEN replay_lsn = pg_current_wal_lsn() THEN 0
    ELSE extract(epoch FROM greatest(replay_lag, clock_timestamp() - reply_time)) END)::float8 AS lag_seconds,
  max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn))::float8 AS lag_bytes
FROM pg_stat_replication WHERE state IS DISTINCT FROM 'backup'`

/** Of a replica. One that has replayed all it received is not behind, however long ago the last transaction was. */
export const replayLagSql = `
SELECT CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
    ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END::float8 AS lag_seconds,
  pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::float8 AS lag_bytes`

export const slotsSql = `
SELECT count(*)::float8 AS slots, count(*) FILTER (WHERE NOT active)::float8 AS slots_inactive,
  coalesce(max(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, restart_lsn)), 0)::float8
    AS slots_retained_bytes
FROM pg_replication_slots`

/** PostgreSQL 17 moved the counters of checkpoints. */
export function checkpointsSql(version: number): string {
  return version >= 170_000
    ? 'SELECT num_timed::float8 AS timed, num_requested::float8 AS requested FROM pg_stat_checkpointer'
    : 'SELECT checkpoints_timed::float8 AS timed, checkpoints_req::float8 AS requested FROM pg_stat_bgwriter'
}

/**
 * $1: how many. The 500 largest by the planner's estimate are measured; a table that somebody holds exclusively would make the question
 * wait, so its size is null. Partitions count as tables of their own.
 */
export const tablesSql = `
WITH candidates AS (
  SELECT s.relid, s.schemaname || '.' || s.relname AS name, s.n_live_tup, s.n_dead_tup, s.seq_scan, s.idx_scan,
    greatest(s.last_vacuum, s.last_autovacuum) AS vacuumed, greatest(s.last_analyze, s.last_autoanalyze) AS analyzed
  FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
  WHERE c.relpersistence <> 't'
  ORDER BY c.relpages DESC, s.n_live_tup DESC LIMIT 500
), sizes AS (
  SELECT c.*, CASE WHEN l.relation IS NULL THEN pg_total_relation_size(c.relid)::float8 END AS size_bytes,
    CASE WHEN l.relation IS NULL THEN pg_indexes_size(c.relid)::float8 END AS index_bytes
  FROM candidates c LEFT JOIN (
    SELECT DISTINCT relation FROM pg_locks
    WHERE mode = 'AccessExclusiveLock' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  ) l ON l.relation = c.relid
)
SELECT current_database() AS database, name AS "table", size_bytes, index_bytes, n_live_tup::float8 AS rows, n_dead_tup::float8 AS dead_rows,
  seq_scan::float8 AS sequential_scans_total, idx_scan::float8 AS index_scans_total,
  extract(epoch FROM clock_timestamp() - vacuumed)::float8 AS vacuum_age_seconds,
  extract(epoch FROM clock_timestamp() - analyzed)::float8 AS analyze_age_seconds
FROM sizes ORDER BY size_bytes DESC NULLS FIRST, name LIMIT $1`

export const statementsSchemaSql = `
SELECT quote_ident(n.nspname) AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'`

/** $1: how many, those on which the server spent most time. Only the identifier: a text can hold anything. */
export function statementsSql(schema: string): string {
  return `
SELECT d.datname AS database, s.queryid::text AS statement, sum(s.calls)::float8 AS calls, sum(s.total_exec_time)::float8 / 1000 AS seconds,
  sum(s.rows)::float8 AS rows
FROM ${schema}.pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
WHERE s.queryid IS NOT NULL GROUP BY 1, 2 ORDER BY seconds DESC LIMIT $1`
}
