import fc from 'fast-check'
import { expect, test } from 'vitest'
import { logFields, logItems, type LogItemKind } from '../../../src/logs/analysis/metric-names.ts'
import { analyse, analysisConfig, someOrigin, startMs } from './analysed.ts'

const access = (path: string, status: number, seconds: string, client = '203.0.113.7'): string =>
  `${client} - - [21/Oct/2025:04:29:00 +0000] "GET ${path} HTTP/1.1" ${status} 100 "-" "curl" ${seconds}\n`

test('an access log becomes requests, statuses, endpoints, clients, hours and percentiles of the interval', () => {
  const { analyzer, take } = analyse(analysisConfig())
  for (let index = 1; index <= 100; index++)
    take(access(`/users/${index}`, index > 98 ? 502 : 200, (index / 100).toFixed(3), `203.0.113.${index % 2}`))
  take(access('/slow', 200, '2.500'))
  const { fields, items = [] } = analyzer.read(10)
  expect(fields).toMatchObject({
    requests_total: 101,
    requests_per_second: 10.1,
    request_errors_total: 2,
    response_bytes_total: 10_100,
    errors_total: 2,
    slow_requests_total: 1,
    unparsed_total: 0,
    request_seconds_max: 2.5,
  })
  expect(fields?.['request_error_ratio']).toBeCloseTo(2 / 101, 4)
  expect(fields?.['request_seconds_p50']).toBeGreaterThan(0.51 * 0.99)
  expect(fields?.['request_seconds_p50']).toBeLessThan(0.51 * 1.01)
  const find = (kind: string, name: string) => items.find((item) => item['kind'] === kind && item['name'] === name)
  expect(find('endpoint', 'GET /users/:id')).toMatchObject({
    requests_total: 100,
    requests_per_second: 10,
    errors_total: 2,
    response_bytes_total: 10_000,
  })
  expect(find('endpoint', 'GET /slow')).toMatchObject({ slow_total: 1 })
  expect(find('status', '5xx')).toMatchObject({ requests_total: 2, requests_per_second: 0.2 })
  expect(find('client', '203.0.113.1')).toMatchObject({ requests_total: 50, overcount: 0, response_bytes_total: 5000 })
  expect(items.filter((item) => item['kind'] === 'hour')).toMatchObject([{ lines_total: 101, errors_total: 2, requests_total: 101 }])
  expect(items.filter((item) => item['kind'] === 'error')).toMatchObject([{ errors_total: 2, message: 'GET /users/:id answered 502' }])
  // The next interval has no requests, and the counters stay.
  const next = analyzer.read(10)
  expect(next.fields).toMatchObject({
    requests_total: 101,
    requests_per_second: 0,
    request_seconds_p50: null,
    request_seconds_max: null,
    error_ratio: null,
  })
})

test('a reading has exactly the fields of the table, and rates only over an interval', () => {
  const { analyzer, clock, take } = analyse(analysisConfig())
  take(access('/a', 500, '0.1'))
  take('Oct 21 04:29:01 web-1 sshd[42]: Failed password for root from 203.0.113.7 port 1 ssh2\n', { key: 'auth', labels: {} })
  clock.nowMs += 2000
  const { fields, items = [] } = analyzer.read(null)
  expect(Object.keys(fields ?? {}).toSorted()).toEqual(Object.keys(logFields).toSorted())
  expect(fields).toMatchObject({ lines_per_second: null, error_ratio: null, requests_per_second: null })
  const seen = new Set<string>()
  for (const { kind, message: _, name, ...numbers } of items) {
    seen.add(String(kind))
    expect(typeof name).toBe('string')
    expect(Object.keys(numbers).toSorted()).toEqual(Object.keys(logItems[kind as LogItemKind].fields).toSorted())
  }
  expect([...seen].toSorted()).toEqual(Object.keys(logItems).toSorted())
})

test('errors of one kind are one group with first seen, count, request id and a masked sample, said at once and then once per repeat', () => {
  const { analyzer, clock, items, take } = analyse(analysisConfig({ repeat: '1m' }))
  const line = (id: number): string =>
    `${JSON.stringify({ level: 'error', msg: `order ${id} of kim@example.com failed`, request_id: `r-${id}`, logger: 'shop', time: startMs + id })}\n`
  for (const id of [1, 2, 3]) take(line(id))
  clock.nowMs += 2000
  const [notice, ...others] = analyzer.drainEvents()
  expect(others).toEqual([])
  expect(notice).toMatchObject({
    level: 'error',
    message: 'order 1 of [email] failed',
    count: 3,
    firstSeenMs: startMs + 1,
    timeMs: startMs + 3,
    requestId: 'r-3',
    fields: { kind: 'error_group', errors_total: 3, logger: 'shop' },
  })
  expect(notice?.fingerprint).toMatch(/^[0-9a-f]{16}$/)
  take(line(4))
  clock.nowMs += 2000
  expect(analyzer.drainEvents()).toEqual([])
  clock.nowMs += 60_000
  expect(analyzer.drainEvents()).toMatchObject([{ count: 1, requestId: 'r-4', fingerprint: notice?.fingerprint }])
  expect(items('error')).toMatchObject([
    { name: notice?.fingerprint, message: 'order 1 of [email] failed', errors_total: 4, first_seen_seconds: (startMs + 1) / 1000 },
  ])
})

const traceback = (line: number, text: string): string =>
  `Traceback (most recent call last):\n  File "/app/main.py", line ${line}, in handler\n    run()\n  File "/app/shop/order.py", line 4, in run\n    raise ValueError("x")\nValueError: ${text}\n`

test.each([
  [
    'a Python traceback behind its line',
    (n: number) => `2025-10-21 04:29:00,000 - app - ERROR - request ${n} failed\n${traceback(n, `bad ${n}`)}`,
    'request 1 failed',
    'order.py", line 4',
  ],
  ['a Python traceback nobody caught', (n: number) => traceback(n, `bad ${n}`), 'ValueError: bad 1', 'order.py", line 4'],
  [
    'a chain of Python tracebacks',
    (n: number) =>
      `2025-10-21 04:29:00,000 - app - ERROR - failed\n${traceback(n, 'a')}\nDuring handling of the above exception, another exception occurred:\n\n${traceback(n, 'b')}`,
    'failed',
    'ValueError: b',
  ],
  [
    'a stack of Java with its cause',
    (n: number) =>
      `2025-10-21 04:29:00.000 ERROR [main] request ${n} failed\njava.lang.IllegalStateException: no\n\tat com.example.Shop.run(Shop.java:${n})\nCaused by: java.io.IOException: gone\n\tat com.example.Disk.read(Disk.java:7)\n\t... 3 more\n`,
    '[main] request 1 failed',
    'Caused by: java.io.IOException',
  ],
  [
    'a stack of JavaScript nobody caught',
    (n: number) => `TypeError: x is not a function ${n}\n    at handler (/app/main.js:${n}:5)\n    at run (/app/main.js:1:1)\n`,
    'TypeError: x is not a function 1',
    'at handler',
  ],
  [
    'a stack in a field of JSON',
    (n: number) =>
      `${JSON.stringify({ level: 50, msg: `failed ${n}`, err: { type: 'TypeError', stack: `TypeError: x\n    at f (/a.js:${n}:1)` } })}\n`,
    'failed 1',
    'at f',
  ],
])('%s belongs to its event, and its line numbers do not split the group', (_, event, message, stack) => {
  const { analyzer, clock, fields, take } = analyse(
    analysisConfig({ format: _.includes('JSON') ? 'json' : _.includes('nobody') ? 'plain' : 'python' }),
  )
  for (const n of [1, 2]) take(event(n))
  clock.nowMs += 1500
  const notices = analyzer.drainEvents()
  expect(notices).toMatchObject([{ message, count: 2, level: 'error' }])
  expect(notices[0]?.fields['stack']).toContain(stack)
  expect(fields()).toMatchObject({ errors_total: 2, error_groups: 1, unparsed_total: 0 })
})

test('a stack trace may come in pieces, but not after a pause', () => {
  const { analyzer, clock, take } = analyse(analysisConfig({ format: 'python' }))
  const lines = `ERROR:root:failed\n${traceback(1, 'a')}`.split('\n').slice(0, -1)
  for (const line of lines) {
    expect(analyzer.drainEvents()).toEqual([])
    take(`${line}\n`)
    clock.nowMs += 500
  }
  clock.nowMs += 1000
  expect(analyzer.drainEvents()).toMatchObject([{ message: 'root:failed', fields: { stack: expect.stringContaining('ValueError: a') } }])
})

test('interleaved origins do not mix their stack traces, and one that ends completes its event', () => {
  const { analyzer, take } = analyse(analysisConfig({ format: 'python' }))
  const other = { key: 'b', labels: {} }
  take('ERROR:root:one\nTraceback (most recent call last):\n')
  take('ERROR:root:two\n', other)
  take('  File "/a.py", line 1, in f\nKeyError: 1\n')
  analyzer.close(someOrigin)
  analyzer.close(other)
  const notices = analyzer.drainEvents()
  expect(notices.map(({ fields: { stack }, message }) => [message, stack])).toEqual([
    ['root:one', 'Traceback (most recent call last):\n  File "/a.py", line 1, in f\nKeyError: 1'],
    ['root:two', undefined],
  ])
})

test('a flood of different errors is bounded: groups, notices at once, and what is saved', () => {
  const { analyzer, clock, fields, take } = analyse(analysisConfig({ format: 'json' }))
  const letters = (index: number): string =>
    index.toString(26).replaceAll(/./g, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 26)))
  for (let index = 0; index < 3000; index++) take(`${JSON.stringify({ level: 'error', msg: `problem ${letters(index)} of many` })}\n`)
  clock.nowMs += 2000
  expect(analyzer.drainEvents()).toHaveLength(30)
  expect(analyzer.drainEvents()).toHaveLength(0)
  clock.nowMs += 10_000
  expect(analyzer.drainEvents()).toHaveLength(5)
  expect(fields()).toMatchObject({ errors_total: 3000, error_groups: 512, error_groups_overflow_total: 2488 })
  expect(JSON.stringify(analyzer.save()).length).toBeLessThan(64 * 1024)
})

test('too many endpoints count as others', () => {
  const { fields, items, take } = analyse(analysisConfig({ top: 100 }))
  for (let index = 0; index < 300; index++)
    take(
      access(
        `/p${'abcdefghij'[index % 10]}${'abcdefghij'[Math.floor(index / 10) % 10]}${'abcdefghij'[Math.floor(index / 100)]}`,
        200,
        '0.1',
      ),
    )
  expect(items('endpoint').find(({ name }) => name === '(other)')).toMatchObject({ requests_total: 44 })
  expect(fields()).toMatchObject({ endpoints_overflow_total: 44, requests_total: 300 })
})

test('slow requests are said per endpoint with the longest one', () => {
  const { analyzer, clock, take } = analyse(analysisConfig({ slow_request: '500ms' }))
  for (const seconds of ['0.400', '0.501', '3.250']) take(access('/report/7', 200, seconds))
  clock.nowMs += 1000
  expect(analyzer.drainEvents()).toMatchObject([
    {
      level: 'warning',
      message: '2 requests of GET /report/:id took longer than 0.5 s, the longest 3.25 s',
      count: 2,
      fields: { kind: 'slow_request', endpoint: 'GET /report/:id', max_seconds: 3.25 },
    },
  ])
})

test('counters, first seen times, clients and endpoints go on after a restart; anything else that was saved is ignored', () => {
  const config = analysisConfig({ repeat: '10s' })
  const first = analyse(config)
  const problem = `${JSON.stringify({ level: 'error', msg: 'disk 7 is gone', time: startMs - 5000 })}\n`
  first.take(problem, { key: 'json', labels: {} })
  for (let index = 0; index < 3; index++) first.take(access('/a', 200, '0.1'))
  first.clock.nowMs += 2000
  first.analyzer.drainEvents()
  const saved = JSON.parse(JSON.stringify(first.analyzer.save()))
  const again = analyse(config, { saved })
  again.take(problem.replace('7', '8'), { key: 'json', labels: {} })
  again.take(access('/a', 200, '0.1'))
  again.clock.nowMs += 2000
  expect(again.analyzer.drainEvents()).toMatchObject([{ count: 1, firstSeenMs: startMs - 5000, fields: { errors_total: 2 } }])
  const { fields, items = [] } = again.analyzer.read(10)
  expect(fields).toMatchObject({ requests_total: 4, errors_total: 2, requests_per_second: 0.1 })
  expect(items.find(({ kind }) => kind === 'endpoint')).toMatchObject({ name: 'GET /a', requests_total: 4 })
  expect(items.find(({ kind }) => kind === 'client')).toMatchObject({ name: '203.0.113.7', requests_total: 4 })
  fc.assert(
    fc.property(
      fc.oneof(
        fc.jsonValue(),
        fc.record({
          v: fc.constant(1),
          tallies: fc.jsonValue(),
          groups: fc.jsonValue(),
          endpoints: fc.jsonValue(),
          clients: fc.jsonValue(),
        }),
      ),
      (value) => {
        const started = analyse(config, { saved: value })
        for (const number of Object.values(started.fields())) expect(number === null || number >= 0).toBe(true)
      },
    ),
  )
})

test('lines are shipped in order with parsed and masked fields, origin, place and stack, from the level that is asked for', () => {
  const { analyzer, clock, take } = analyse(analysisConfig(), { ship: { minLevel: 'info' } })
  const lines = [
    JSON.stringify({ level: 'debug', msg: 'not asked for' }),
    JSON.stringify({
      level: 'info',
      msg: 'login of kim@example.com',
      user_id: 12,
      password: 'hunter22',
      nested: { token: 'abc', ok: true },
      time: startMs - 1000,
    }),
    JSON.stringify({ level: 'error', msg: 'failed', request_id: 'r-1' }),
    '    at f (/a.js:1:1) Bearer abcdefghijklmnop',
  ]
  take(`${lines.join('\n')}\n`, someOrigin, 1000)
  expect(analyzer.pendingShipped()).toBe(2)
  clock.nowMs += 1500
  const shipped = analyzer.drainShipped(10)
  const offsets = [0, 1].map((index) => 1000 + Buffer.byteLength(`${lines.slice(0, index + 1).join('\n')}\n`))
  expect(shipped).toEqual([
    {
      level: 'info',
      message: 'login of [email]',
      fingerprint: null,
      timeMs: startMs - 1000,
      receivedMs: startMs,
      fields: { user_id: 12, password: '[redacted]', 'nested.token': '[redacted]', 'nested.ok': true, file: '/var/log/app.log' },
      key: 'a',
      offset: offsets[0],
    },
    {
      level: 'error',
      message: 'failed',
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      timeMs: null,
      receivedMs: startMs,
      requestId: 'r-1',
      fields: { request_id: 'r-1', file: '/var/log/app.log', stack: '    at f (/a.js:1:1) Bearer [redacted]' },
      key: 'a',
      offset: offsets[1],
    },
  ])
  expect(analyzer.pendingShipped()).toBe(0)
})

test('the queue of lines to ship says when it is full, and never loses one', () => {
  const { analyzer, take } = analyse(analysisConfig({ format: 'plain' }), { ship: {} })
  let taken = 0
  while (!analyzer.isFull()) take(`line ${++taken}\n`)
  expect(taken).toBeLessThan(3000)
  expect(analyzer.pendingShipped()).toBe(taken)
  const messages: string[] = []
  analyzer.close(someOrigin)
  while (analyzer.pendingShipped() > 0) messages.push(...analyzer.drainShipped(100).map(({ message }) => message))
  expect(messages).toEqual(Array.from({ length: taken }, (_, index) => `line ${index + 1}`))
})

test('no planted secret leaves in a notice, a label, a shipped line or the saved state', () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9]{24}$/).filter((text) => /[A-Za-z]/.test(text))
  const line = fc.constantFrom<(secret: string) => string>(
    (text) =>
      JSON.stringify({
        level: 'error',
        msg: `cannot log in with password=${text}`,
        token: text,
        headers: { authorization: `Bearer ${text}` },
      }),
    (text) => `2025-10-21 04:29:00,000 - app - ERROR - api_key: "${text}" was refused`,
    (text) => `203.0.113.7 - - [21/Oct/2025:04:29:00 +0000] "GET /reset/token=${text}/x?token=${text} HTTP/1.1" 502 100 "-" "curl" 3.0`,
    (text) => `level=error msg="db postgres://app:${text}@db/x is gone" client_secret=${text}`,
    (text) => `Oct 21 04:29:01 web-1 app[1]: error: login failed, passwd=${text}`,
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(line, secret), { minLength: 1, maxLength: 5 }), (planted) => {
      const { analyzer, clock, take } = analyse(analysisConfig(), { ship: {} })
      for (const [write, text] of planted) take(`${write(text)}\nValueError: secret_key='${text}'\n    at x?password=${text}\n`)
      clock.nowMs += 2000
      const out = JSON.stringify([analyzer.drainEvents(), analyzer.drainShipped(100), analyzer.read(10), analyzer.save()])
      for (const [, text] of planted) expect(out).not.toContain(text)
    }),
    { numRuns: 200 },
  )
})

test('binary lines, empty lines and lines without an end do no harm', () => {
  const { analyzer, fields, take } = analyse(analysisConfig())
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      take(Buffer.from(bytes))
      analyzer.read(1)
    }),
  )
  take('\n\n\r\n{"level":"error","msg":"x"}\r\n')
  expect(fields()['errors_total']).toBeGreaterThanOrEqual(0)
})

test('client addresses are truncated when asked', () => {
  const { items, take } = analyse(analysisConfig({ addresses: 'truncate' }))
  take(access('/a', 200, '0.1', '203.0.113.7') + access('/a', 200, '0.1', '203.0.113.99'))
  expect(items('client')).toMatchObject([{ name: '203.0.113.0/24', requests_total: 2 }])
})
