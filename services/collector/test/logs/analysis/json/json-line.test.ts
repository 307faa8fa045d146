import { expect, test } from 'vitest'
import { JsonLine } from '../../../../src/logs/analysis/json/json-line.ts'
import { wantedNames } from '../../../../src/logs/analysis/json/json-names.ts'
import { LineRecord, texts } from '../../../../src/logs/analysis/line-record.ts'

const record = new LineRecord()

function read(value: unknown, names = {}, scale?: number): Record<string, unknown> | undefined {
  return readText(JSON.stringify(value), names, scale)
}

function readText(text: string, names = {}, scale?: number): Record<string, unknown> | undefined {
  const bytes = Buffer.from(`${text}\n`)
  record.begin(bytes)
  if (!new JsonLine(wantedNames(names, scale)).fill(bytes, 0, bytes.length - 1, record)) return undefined
  const { level, responseBytes, seconds, status, timeMs } = record
  const found = Object.entries(texts).map(([name, field]) => [name, record.text(field, 1000)])
  return { level, timeMs, status, seconds, responseBytes, ...Object.fromEntries(found.filter(([, text]) => text !== undefined)) }
}

const unsaid = { level: -1, timeMs: Number.NaN, status: 0, seconds: Number.NaN, responseBytes: 0 }

test('a line of pino-http tells level, time, request, status, length and error', () => {
  const line = {
    level: 50,
    time: 1761055200123,
    req: { id: 7, method: 'GET', url: '/users/1?x=2', remoteAddress: '10.0.0.1', headers: { authorization: 'Bearer x' } },
    res: { statusCode: 500 },
    err: { type: 'TypeError', message: 'x is not a function', stack: 'TypeError: x\n    at f (a.js:1:2)' },
    responseTime: 12.5,
    msg: 'request "errored"',
  }
  expect(read(line)).toEqual({
    level: 3,
    timeMs: 1761055200123,
    status: 500,
    seconds: 0.0125,
    responseBytes: 0,
    message: 'request "errored"',
    method: 'GET',
    path: '/users/1?x=2',
    client: '10.0.0.1',
    request_id: '7',
    error_type: 'TypeError',
    stack: 'TypeError: x\n    at f (a.js:1:2)',
  })
})

test('a line of structlog and one of python-json-logger tell the same things under their own names', () => {
  expect(read({ event: 'saved', level: 'warning', timestamp: '2025-10-21T04:30:00.250Z', logger: 'app', request_id: 'r-1' })).toEqual({
    ...unsaid,
    level: 2,
    timeMs: Date.UTC(2025, 9, 21, 4, 30, 0, 250),
    message: 'saved',
    logger: 'app',
    request_id: 'r-1',
  })
  expect(
    read({ asctime: '2025-10-21 13:30:00,250+09:00', levelname: 'CRITICAL', name: 'app', message: 'down', exc_info: 'Traceback' }),
  ).toEqual({
    ...unsaid,
    level: 4,
    timeMs: Date.UTC(2025, 9, 21, 4, 30, 0, 250),
    message: 'down',
    logger: 'app',
    stack: 'Traceback',
  })
})

test('an entry of the journal tells its priority', () => {
  expect(read({ MESSAGE: 'Failed', PRIORITY: '3', SYSLOG_IDENTIFIER: 'sshd', __REALTIME_TIMESTAMP: '1761055200123456' })).toEqual({
    ...unsaid,
    level: 3,
    timeMs: 1761055200123,
    message: 'Failed',
    logger: 'sshd',
  })
})

test('names of the config come first, and a value that is of no use gives way to the next name', () => {
  expect(read({ sev: 'error', level: 'info' }, { level: 'sev' })?.['level']).toBe(3)
  expect(read({ level: { name: 'x' }, severity: 'error' })?.['level']).toBe(3)
  expect(read({ status: 'ok', status_code: 404 })?.['status']).toBe(404)
  expect(read({ msg: null, message: 'there' })?.['message']).toBe('there')
  expect(read({ took: { ms: 20 } }, { duration: 'took.ms' }, 1e-3)?.['seconds']).toBeCloseTo(0.02)
})

test('lengths of time know the unit of their name, of their text, or that of the config', () => {
  expect(read({ duration_ms: 1500 })?.['seconds']).toBe(1.5)
  expect(read({ request_time: '0.25' })?.['seconds']).toBe(0.25)
  expect(read({ duration: '250ms' })?.['seconds']).toBe(0.25)
  expect(read({ duration: 250 })?.['seconds']).toBe(0.25)
  expect(read({ duration: 2 }, {}, 1)?.['seconds']).toBe(2)
  expect(read({ duration_ms: -1 })?.['seconds']).toBeNaN()
})

test('what the scanner leaves to JSON.parse is read the same way: the last of two equal keys counts', () => {
  expect(readText(String.raw`{"lev\u0065l":"error","msg":"a\nb","status":503,"duration_ms":5,"path":"/x"}`)).toEqual({
    ...unsaid,
    level: 3,
    status: 503,
    seconds: 0.005,
    message: 'a\nb',
    path: '/x',
  })
  expect(readText('{"level":"info","level":"error"}')?.['level']).toBe(3)
  expect(readText(String.raw`{"level":"err\u006fr"}`)?.['level']).toBe(3)
  expect(readText('{"level":"error"} x')).toBeUndefined()
  expect(readText('[1]')).toBeUndefined()
})
