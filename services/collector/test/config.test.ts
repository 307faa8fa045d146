import { expect, test } from 'vitest'
import { z } from 'zod'
import { collectorConfigSchema } from '../src/config.ts'

test('an empty section is a whole configuration', () => {
  const config = collectorConfigSchema.parse({})
  expect(config.every).toBe(1000)
  const off = Object.entries(config.groups).flatMap(([name, { enabled }]) => (enabled ? [] : [name]))
  expect(off).toEqual(['clock', 'postgres', 'mysql', 'redis', 'nats'])
  expect(config.checks).toEqual({})
})

test('a check is filled up with defaults', () => {
  expect(collectorConfigSchema.parse({ checks: { web: { kind: 'http', url: 'http://127.0.0.1/' } } }).checks['web']).toEqual({
    kind: 'http',
    url: 'http://127.0.0.1/',
    every: 10_000,
    failures: 3,
    successes: 1,
    method: 'GET',
    headers: {},
    expect_status: [[200, 399]],
    follow_redirects: true,
    insecure: false,
  })
})

test.each([
  [200, [[200, 200]]],
  ['200-299', [[200, 299]]],
  [
    [200, '301-308'],
    [
      [200, 200],
      [301, 308],
    ],
  ],
])('expect_status %j means %j', (expect_status, ranges) => {
  expect(collectorConfigSchema.parse({ checks: { web: { kind: 'http', url: 'http://x/', expect_status } } }).checks['web']).toMatchObject({
    expect_status: ranges,
  })
})

test.each([
  ['a cadence that is too short', { every: '100ms' }, 'every', 'too short'],
  ['a group that does not exist', { groups: { gpus: {} } }, 'groups', 'gpus'],
  ['a name that cannot stand in a subject', { checks: { 'Web 1': { kind: 'tcp', port: 1 } } }, 'checks.Web 1', ''],
  ['a URL that is none', { checks: { web: { kind: 'http', url: '127.0.0.1:80' } } }, 'checks.web.url', 'http://'],
  [
    'a header that would forge another',
    { checks: { web: { kind: 'http', url: 'http://x/', headers: { a: 'b\r\nc: d' } } } },
    'checks.web.headers.a',
    '',
  ],
  [
    'a status range the wrong way round',
    { checks: { web: { kind: 'http', url: 'http://x/', expect_status: '299-200' } } },
    'checks.web.expect_status',
    '',
  ],
  ['a process check that names no process', { checks: { p: { kind: 'process' } } }, 'checks.p', 'say which process'],
  ['a key of another kind of check', { checks: { t: { kind: 'tcp', port: 1, url: 'http://x/' } } }, 'checks.t', 'url'],
  ['a port out of range', { checks: { t: { kind: 'tcp', port: 70_000 } } }, 'checks.t.port', ''],
])('%s is refused at its place', (_, section, path, text) => {
  const issues = collectorConfigSchema.safeParse(section).error?.issues ?? []
  expect(issues.map((issue) => issue.path.join('.'))).toEqual([path])
  expect(issues[0]?.message).toContain(text)
})

test('the parsed configuration survives the way through JSON', () => {
  const config = collectorConfigSchema.parse({
    every: '500ms',
    groups: { fs: { every: '10s', exclude: ['/mnt/*'] } },
    checks: { p: { kind: 'process', command: 'x', pid_file: '/run/x.pid' }, t: { kind: 'tcp', port: 22 } },
  })
  expect(JSON.parse(JSON.stringify(config))).toEqual(config)
})

test('editors get a JSON Schema of what people write', () => {
  const schema = z.toJSONSchema(collectorConfigSchema, { io: 'input' })
  expect(Object.keys(schema.properties ?? {})).toEqual([
    'every',
    'slow_every',
    'groups',
    'checks',
    'scrape',
    'logs',
    'security',
    'metric_file',
  ])
})
