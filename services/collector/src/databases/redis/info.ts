import type { Fields, Item } from '../../sources/source.ts'
import { ratio, round } from '../../sources/rates.ts'
import { numberOf } from '../target-group.ts'

type Info = ReadonlyMap<string, string>

/** `key:value` lines under headings, as INFO answers. */
export function parseInfo(text: string): Info {
  const entries = text.split('\n').flatMap((line): [string, string][] => {
    const colon = line.indexOf(':')
    return colon < 1 || line.startsWith('#') ? [] : [[line.slice(0, colon), line.slice(colon + 1).trim()]]
  })
  return new Map(entries)
}

export const redisCounters = ['keyspace_hits', 'keyspace_misses', 'expired_keys', 'evicted_keys', 'total_commands_processed'] as const
export type RedisCounter = (typeof redisCounters)[number]

export function countersOf(info: Info): Record<RedisCounter, number | null> {
  return Object.fromEntries(redisCounters.map((name) => [name, numberOf(info.get(name))])) as Record<RedisCounter, number | null>
}

/** Databases with keys: `db0:keys=2,expires=1,avg_ttl=4999`. */
export function databaseItems(info: Info): Item[] {
  return [...info].flatMap(([key, value]) => {
    const name = /^db(\d{1,6})$/.exec(key)?.[1]
    if (name === undefined) return []
    const values = new Map(value.split(',').map((pair) => pair.split('=') as [string, string]))
    const ttlMs = numberOf(values.get('avg_ttl'))
    const [keys, keysExpiring] = [numberOf(values.get('keys')), numberOf(values.get('expires'))]
    return [{ db: name, keys, keys_expiring: keysExpiring, ttl_seconds: ttlMs === null || ttlMs === 0 ? null : ttlMs / 1000 }]
  })
}

/** The fields that INFO tells. `epochSeconds` is the time of this host, against which the time of the last save is held. */
export function infoFields(info: Info, rates: Readonly<Record<RedisCounter, number | null>>, epochSeconds: number): Fields {
  const number = (name: string): number | null => numberOf(info.get(name))
  const databases = databaseItems(info)
  const total = (field: string): number => databases.reduce((sum, item) => sum + Number(item[field] ?? 0), 0)
  const [used, max, rss] = [number('used_memory'), number('maxmemory'), number('used_memory_rss')]
  const [clients, clientsMax] = [number('connected_clients'), number('maxclients')]
  const { keyspace_hits: hits, keyspace_misses: misses } = rates
  const lastSave = number('rdb_last_save_time')
  return {
    uptime_seconds: number('uptime_in_seconds'),
    loading: number('loading'),
    memory_used_bytes: used,
    memory_rss_bytes: rss,
    ...(max === null || max === 0 ? {} : { memory_max_bytes: max, memory_used_ratio: used === null ? null : ratio(used, max) }),
    memory_fragmentation_ratio: used === null || rss === null || used === 0 ? null : round(rss / used),
    keys: total('keys'),
    keys_expiring: total('keys_expiring'),
    hits_total: number('keyspace_hits'),
    misses_total: number('keyspace_misses'),
    hit_ratio: hits === null || misses === null ? null : ratio(hits, hits + misses),
    expired_total: number('expired_keys'),
    evicted_total: number('evicted_keys'),
    commands_total: number('total_commands_processed'),
    expired_per_second: rates.expired_keys,
    evicted_per_second: rates.evicted_keys,
    commands_per_second: rates.total_commands_processed,
    clients,
    clients_max: clientsMax,
    clients_ratio: clients === null || clientsMax === null ? null : ratio(clients, clientsMax),
    clients_blocked: number('blocked_clients'),
    connections_rejected_total: number('rejected_connections'),
    rdb_save_age_seconds: lastSave === null ? null : Math.max(0, round(epochSeconds - lastSave)),
    rdb_save_ok: isOk(info.get('rdb_last_bgsave_status')),
    rdb_changes: number('rdb_changes_since_last_save'),
    aof_enabled: number('aof_enabled'),
    ...(info.get('aof_enabled') === '1' ? { aof_write_ok: bothOk(info) } : {}),
    ...replicationFields(info),
  }
}

function replicationFields(info: Info): Fields {
  const isReplica = info.get('role') === 'slave'
  const role = info.has('role')
    ? { replica: isReplica ? 1 : 0, replicas: numberOf(info.get('connected_slaves')) }
    : { replica: null, replicas: null }
  if (isReplica) {
    const [behind, at] = [numberOf(info.get('slave_read_repl_offset')), numberOf(info.get('slave_repl_offset'))]
    const age = numberOf(info.get('master_last_io_seconds_ago'))
    return {
      ...role,
      replica_link_up: info.get('master_link_status') === 'up' ? 1 : 0,
      replication_lag_bytes: behind === null || at === null ? null : Math.max(0, behind - at),
      // -1 while the link is down.
      replication_lag_seconds: age === null || age < 0 ? null : age,
    }
  }
  const offset = numberOf(info.get('master_repl_offset'))
  const replicas = [...info].flatMap(([key, value]) => {
    if (!/^slave\d{1,4}$/.test(key)) return []
    const values = new Map(value.split(',').map((pair) => pair.split('=') as [string, string]))
    return [{ offset: numberOf(values.get('offset')), lag: numberOf(values.get('lag')) }]
  })
  if (replicas.length === 0) return role
  const slowest = replicas.map((replica) => (offset === null || replica.offset === null ? null : Math.max(0, offset - replica.offset)))
  return { ...role, replication_lag_bytes: worst(slowest), replication_lag_seconds: worst(replicas.map(({ lag }) => lag)) }
}

/** The largest; null when one of them is not known. */
function worst(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length < values.length ? null : Math.max(...known)
}

function isOk(status: string | undefined): number | null {
  return status === undefined ? null : status === 'ok' ? 1 : 0
}

function bothOk(info: Info): number | null {
  const [write, rewrite] = [isOk(info.get('aof_last_write_status')), isOk(info.get('aof_last_bgrewrite_status'))]
  return write === null || rewrite === null ? null : Math.min(write, rewrite)
}
