import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countersOf, databaseItems, infoFields, parseInfo, redisCounters } from '../../src/databases/redis/info.ts'

const noRates = Object.fromEntries(redisCounters.map((name) => [name, null])) as Parameters<typeof infoFields>[1]

/** Hand-written after Redis 7.0. */
const replica = `# Replication\r\nrole:slave\r\nmaster_host:127.0.0.1\r\nmaster_link_status:down\r\nmaster_last_io_seconds_ago:-1\r
slave_read_repl_offset:150\r\nslave_repl_offset:100\r\nconnected_slaves:0\r\nmaster_repl_offset:100\r\n`
const source = `role:master\r\nconnected_slaves:2\r\nmaster_repl_offset:1000\r
slave0:ip=127.0.0.1,port=1,state=online,offset=900,lag=1\r\nslave1:ip=127.0.0.1,port=2,state=online,offset=400,lag=7\r\n`

test('a replica whose link is down says so, and its lag in seconds is not known', () => {
  expect(infoFields(parseInfo(replica), noRates, 0)).toMatchObject({
    replica: 1,
    replica_link_up: 0,
    replication_lag_bytes: 50,
    replication_lag_seconds: null,
  })
})

test('a source is as far ahead as its slowest replica is behind', () => {
  expect(infoFields(parseInfo(source), noRates, 0)).toMatchObject({
    replica: 0,
    replicas: 2,
    replication_lag_bytes: 600,
    replication_lag_seconds: 7,
  })
})

test('a save that failed, a log that cannot be written and a limit of memory are seen', () => {
  const text = `used_memory:50\nmaxmemory:100\nused_memory_rss:75\nrdb_last_save_time:1000\nrdb_last_bgsave_status:err\naof_enabled:1
aof_last_write_status:err\naof_last_bgrewrite_status:ok\nconnected_clients:5\nmaxclients:10`
  expect(infoFields(parseInfo(text), noRates, 1060)).toMatchObject({
    memory_used_ratio: 0.5,
    memory_fragmentation_ratio: 1.5,
    rdb_save_age_seconds: 60,
    rdb_save_ok: 0,
    aof_write_ok: 0,
    clients_ratio: 0.5,
    uptime_seconds: null,
  })
})

test('any text gives fields that are numbers or null', () => {
  const line = fc.oneof(
    fc.string(),
    fc
      .tuple(fc.constantFrom('used_memory', 'maxmemory', 'role', 'db0', 'slave0', 'master_repl_offset', 'aof_enabled'), fc.string())
      .map((pair) => pair.join(':')),
    fc.string().map((text) => `db1:keys=${text},expires=${text}`),
  )
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const info = parseInfo(lines.join('\r\n'))
      const values = [...Object.values(infoFields(info, noRates, 0)), ...Object.values(countersOf(info))]
      expect(values.every((value) => value === null || Number.isFinite(value))).toBe(true)
      expect(databaseItems(info).every((item) => typeof item['db'] === 'string')).toBe(true)
    }),
  )
})
