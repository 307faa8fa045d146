import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LogEvent } from '@nightshift/shared/events/log'
import { formatLog } from '../../src/logs/format-log.ts'
import { matchesQuery, parseLogQuery, type LogFlags } from '../../src/logs/log-query.ts'

const now = Date.parse('2026-01-31T12:00:00.000Z')
const event: LogEvent = {
  v: 1,
  id: '01KG0000000000000000000000',
  time: '2026-01-31T11:30:00.000Z',
  host: 'web-1',
  source: 'collector@web-1',
  correlation_id: '01KG0000000000000000000000',
  log_source: 'app',
  level: 'error',
  message: 'payment failed\n    at pay (pay.js:1:2)',
  fingerprint: 'f1',
  count: 3,
  request_id: 'req-7',
  fields: { user_id: 12_345, path: '/pay', ok: false },
}

const finds = (flags: Partial<LogFlags>): boolean => matchesQuery(event, parseLogQuery({ since: '1h', limit: '10', ...flags }, now))

test.each<[Partial<LogFlags>, boolean]>([
  [{}, true],
  [{ since: '10m' }, false],
  [{ since: '2026-01-31T11:00:00Z', until: '2026-01-31T11:31:00Z' }, true],
  [{ until: '45m' }, false],
  [{ host: 'web-2' }, false],
  [{ source: 'app', host: 'web-1' }, true],
  [{ level: 'warning' }, true],
  [{ level: 'warn' }, true],
  [{ level: 'critical' }, false],
  [{ field: ['user_id=12345'] }, true],
  [{ field: ['user_id=1234'] }, false],
  [{ field: ['user_id', 'ok=false'] }, true],
  [{ field: ['constructor'] }, false],
  [{ field: ['request_id=req-7', 'fingerprint=f1'] }, true],
  [{ grep: 'PAYMENT .*ed' }, true],
  [{ grep: '^/pay$' }, true],
  [{ grep: 'refund' }, false],
])('%j finds it: %s', (flags, found) => {
  expect(finds(flags)).toBe(found)
})

test.each<[Partial<LogFlags>, string]>([
  [{ since: 'yesterday' }, 'write how long ago'],
  [{ level: 'loud' }, 'debug, info, warning'],
  [{ field: ['=x'] }, 'write NAME=VALUE'],
  [{ grep: '(' }, 'no regular expression'],
  [{ limit: '0' }, 'from 1 to 100000'],
])('%j is refused with what to write instead', (flags, message) => {
  expect(() => finds(flags)).toThrow(expect.objectContaining({ code: 'usage', message: expect.stringContaining(message) }))
})

test('an event is one readable line, its stack trace below, and nothing in it steers the terminal', () => {
  const [first, second] = formatLog(event).split('\n')
  expect(first).toMatch(
    /^2026-01-\d\d \d\d:30:00\.000 {2}error {4}web-1 {2}app {2}payment failed \(3 times\) {2}request_id=req-7 user_id=12345 path=\/pay ok=false$/,
  )
  expect(second).toBe('        at pay (pay.js:1:2)')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (message) => {
      expect(formatLog({ ...event, message, fields: { x: message } })).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/)
    }),
  )
})
