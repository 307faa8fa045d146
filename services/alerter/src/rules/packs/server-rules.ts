import type { Pack } from './rule-input.ts'

/** The rule that stands in for checks that no other rule names. */
export const checkFailingRule = 'check-failing'

/** A server that is asked for its figures, and does not answer three times in a row. */
const isDown = { below: { critical: 1 }, times: 3 } as const
const connections = { above: { warning: '80%', critical: '95%' }, clear: '75%' } as const

/** What is wrong with services: their checks, certificates, databases, the pages they are scraped by, the logs they write. */
export const serverRules = {
  [checkFailingRule]: { check: '*', severity: 'critical' },
  'security-posture': { check: 'security-*', severity: 'warning' },
  'response-slow': {
    level: 2,
    metric: 'check.latency_seconds',
    take: 'avg',
    over: '5m',
    above: { warning: '100ms', critical: '500ms' },
    clear: '90ms',
    where: { kind: 'http' },
  },
  'certificate-expiring': { metric: 'check.cert_expires_seconds', below: { warning: '30d', critical: '7d' } },
  'certificate-file-expiring': { metric: 'security.certificate_expiry_seconds', below: { critical: '7d' } },
  'target-down': { metric: 'scrape.up', below: { warning: 1 }, times: 3 },
  'postgres-down': { metric: 'postgres.up', ...isDown },
  'postgres-connections-high': { metric: 'postgres.connections_ratio', ...connections },
  'mysql-down': { metric: 'mysql.up', ...isDown },
  'mysql-connections-high': { metric: 'mysql.connections_ratio', ...connections },
  'redis-down': { metric: 'redis.up', ...isDown },
  'redis-memory-high': { metric: 'redis.memory_used_ratio', above: { warning: '80%', critical: '95%' }, clear: '78%' },
  'nats-storage-high': { metric: 'nats.jetstream_storage_ratio', above: { warning: '85%', critical: '95%' }, clear: '83%' },
  'request-errors-high': {
    level: 3,
    metric: 'log_*.request_errors_total',
    per: { metric: 'log_*.requests_total', where: { kind: '!?*' } },
    where: { kind: '!?*' },
    take: 'increase',
    over: '5m',
    above: { warning: '1%', critical: '5%' },
    clear: '0.8%',
  },
  'request-slow': {
    level: 2,
    metric: 'log_*.request_seconds_p99',
    where: { kind: '!?*' },
    take: 'avg',
    over: '5m',
    above: { warning: '1s' },
    clear: '900ms',
  },
} as const satisfies Pack
