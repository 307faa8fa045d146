import { expect, test } from 'vitest'
import { collectorConfigSchema } from '../../src/config.ts'

test('a group of servers is off until it has one', () => {
  const { groups } = collectorConfigSchema.parse({ groups: { redis: { targets: { cache: {} } }, mysql: { enabled: true } } })
  expect([groups.postgres.enabled, groups.mysql.enabled, groups.redis.enabled, groups.nats.enabled]).toEqual([false, false, true, false])
})

test('a server is filled up with defaults', () => {
  const { groups } = collectorConfigSchema.parse({
    groups: { postgres: { targets: { main: { user: 'nightshift' } } }, nats: { targets: { own: {} } } },
  })
  expect(groups.postgres.targets['main']).toEqual({
    user: 'nightshift',
    slow_statement: 30_000,
    tables: 20,
    statements: 20,
    detail_every: 60_000,
  })
  expect(groups.nats.targets['own']).toEqual({ url: 'http://127.0.0.1:8222', insecure: false, streams: 100, detail_every: 60_000 })
})

const target = (kind: string, keys: object) => ({ groups: { [kind]: { targets: { main: keys } } } })
const check = (kind: string, keys: object) => ({ checks: { it: { kind, ...keys } } })

test.each([
  ['a URL of another server', target('postgres', { url: 'mysql://db' }), 'groups.postgres.targets.main.url', 'postgres://'],
  ['a URL with options', target('redis', { url: 'redis://db?tls=1' }), 'groups.redis.targets.main.url', 'keys of their own'],
  ['a URL and a user beside it', target('mysql', { url: 'mysql://db', user: 'x' }), 'groups.mysql.targets.main', 'give either url'],
  ['a host and a socket', check('postgres', { host: 'db', socket: '/run/x' }), 'checks.it', 'give either url'],
  ['half a certificate', check('redis', { tls: { cert_file: '/x' } }), 'checks.it.tls', 'go together'],
  ['an expectation of nothing', check('postgres', { expect: 1 }), 'checks.it', 'expect needs a query'],
  ['a command in one text', check('redis', { query: 'GET x' }), 'checks.it.query', ''],
  ['two ways to log in', check('nats', { token: 'x', user: 'y' }), 'checks.it', 'one way to log in'],
  ['a login in an address', check('nats', { servers: ['nats://user:secret@127.0.0.1'] }), 'checks.it.servers.0', ''],
  ['a stream that cannot be', check('nats', { stream: 'orders.>' }), 'checks.it.stream', 'is no name'],
  ['a name that is none', { groups: { redis: { targets: { 'My Cache': {} } } } }, 'groups.redis.targets.My Cache', ''],
])('%s is refused at its place', (_, section, path, text) => {
  const issues = collectorConfigSchema.safeParse(section).error?.issues ?? []
  expect(issues.map((issue) => issue.path.join('.'))).toEqual([path])
  expect(issues[0]?.message).toContain(text)
})
