import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LineRecord, texts } from '../../../../src/logs/analysis/line-record.ts'
import { Detection, openParsers } from '../../../../src/logs/analysis/parsers/detection.ts'
import { parserDefinitions } from '../../../../src/logs/analysis/parsers/registry.ts'
import { analysisConfig, startMs } from '../analysed.ts'

type Options = Parameters<typeof analysisConfig>[0]
const record = new LineRecord()

/** What a parser makes of a line, without what the line does not say. */
function read(
  format: NonNullable<NonNullable<Options>['format']>,
  line: string,
  options: Options = {},
): Record<string, unknown> | undefined {
  const detection = new Detection(openParsers(analysisConfig({ ...options, format })))
  const bytes = Buffer.from(`${line}\n`)
  if (!detection.fill(bytes, 0, bytes.length - 1, record, startMs)) return undefined
  const { level, responseBytes, seconds, status, timeMs } = record
  const numbers = { level, timeMs, status, seconds, responseBytes }
  const said = Object.entries(numbers).filter(([name, value]) =>
    name === 'level' ? value !== -1 : name === 'status' || name === 'responseBytes' ? value > 0 : value >= 0,
  )
  const found = Object.entries(texts).map(([name, field]) => [name, record.text(field, 1000)])
  return Object.fromEntries([...said, ...found.filter(([, text]) => text !== undefined)])
}

const timeMs = Date.UTC(2025, 9, 21, 4, 30, 0)
const local = (...parts: [number, number, number, number, number, number, number?]): number => new Date(...parts).getTime()
const request = {
  method: 'GET',
  path: '/a/1?b=2',
  status: 200,
  responseBytes: 612,
  client: '203.0.113.7',
  message: 'GET /a/1?b=2 HTTP/1.1',
  timeMs,
}
const head = '203.0.113.7 - - [21/Oct/2025:13:30:00 +0900] "GET /a/1?b=2 HTTP/1.1" 200 612'

test('access logs: common, combined, with user and virtual host, and with the time the request took in its usual places', () => {
  for (const format of ['combined', 'nginx', 'apache'] as const) expect(read(format, head)).toEqual(request)
  expect(read('combined', `${head} "-" "Mozilla/5.0 \\"x\\" 1.5"`)).toEqual(request)
  expect(read('combined', head.replace('- - [', '- kim ['))).toEqual({ ...request, user: 'kim' })
  expect(read('combined', `example.com:443 ${head} "-" "x"`)).toEqual(request)
  for (const tail of ['0.250', '"0.250"', 'rt=0.250 uct="0.1"', 'request_time=0.250', '"10.0.0.1" 0.250', '"-" rt=0.250 urt=9.9'])
    expect(read('combined', `${head} "-" "curl" ${tail}`)).toEqual({ ...request, seconds: 0.25 })
  expect(read('combined', `${head} "-" "curl" 250000`, { duration_unit: 'us' })).toEqual({ ...request, seconds: 0.25 })
  expect(read('combined', `${head} "-" "curl" 250000`)).toEqual(request)
  expect(read('combined', '203.0.113.7 - - [21/Oct/2025:13:30:00 +0900] "\\x16\\x03\\x01" 400 157 "-" "-"')).toMatchObject({
    status: 400,
    path: '\\x16\\x03\\x01',
  })
  expect(read('combined', '203.0.113.7 - - [yesterday] "GET / HTTP/1.1" 200 1')).toBeUndefined()
})

test('syslog as files hold it, with priority, with ISO times, and RFC 5424', () => {
  const said = { logger: 'sshd', message: 'error: kex failed', level: 3, timeMs: local(2025, 9, 21, 4, 29, 58) }
  expect(read('syslog', 'Oct 21 04:29:58 web-1 sshd[42]: error: kex failed')).toEqual(said)
  expect(read('syslog', '<34>Oct 21 04:29:58 web-1 sshd: error: kex failed')).toEqual({ ...said, level: 4 })
  expect(read('auth', '2025-10-21T13:30:00.000000+09:00 web-1 sudo[1]: kim : TTY=pts/0')).toEqual({
    logger: 'sudo',
    message: 'kim : TTY=pts/0',
    level: 1,
    timeMs,
  })
  expect(read('syslog', '<165>1 2025-10-21T04:30:00.000Z web-1 app 42 ID47 [x@1 a="b\\]"] hello')).toEqual({
    logger: 'app',
    message: 'hello',
    level: 1,
    timeMs,
  })
  expect(read('syslog', 'something else')).toBeUndefined()
})

test('PostgreSQL, Redis and uvicorn in their default formats', () => {
  const prefix = '2025-10-21 04:30:00.000 UTC [42] app@shop '
  expect(read('postgres', `${prefix}FATAL:  password authentication failed for user "app"`)).toEqual({
    level: 4,
    message: 'password authentication failed for user "app"',
    timeMs,
  })
  expect(read('postgres', `${prefix}LOG:  duration: 1234.567 ms  statement: SELECT 1`)).toMatchObject({ level: 1, seconds: 1.234567 })
  expect(read('postgres', '2025-10-21 04:30:00.000 UTC [42] ERROR:  relation "x" does not exist at character 15')).toMatchObject({
    level: 3,
  })
  expect(read('redis', "1:M 21 Oct 2025 04:30:00.123 # Can't save in background")).toEqual({
    level: 2,
    message: "Can't save in background",
    timeMs: local(2025, 9, 21, 4, 30, 0, 123),
  })
  expect(read('uvicorn', 'INFO:     203.0.113.7:54321 - "GET /items/1?q=2 HTTP/1.1" 500 Internal Server Error')).toEqual({
    level: 3,
    status: 500,
    client: '203.0.113.7',
    method: 'GET',
    path: '/items/1?q=2',
    message: '203.0.113.7:54321 - "GET /items/1?q=2 HTTP/1.1" 500 Internal Server Error',
  })
  expect(read('uvicorn', 'INFO:     Application startup complete.')).toEqual({ level: 1, message: 'Application startup complete.' })
})

test.each([
  ['ERROR:root:it broke', { level: 3, message: 'root:it broke' }],
  ['2025-10-21 04:30:00,000+00:00 - app.worker - ERROR - it broke', { level: 3, message: 'it broke', logger: 'app.worker', timeMs }],
  ['[2025-10-21 04:30:00,000+00:00] ERROR in app: it broke', { level: 3, message: 'in app: it broke', timeMs }],
  ['2025-10-21T04:30:00.000Z | WARNING  | app:run:12 - it broke', { level: 2, message: 'app:run:12 - it broke', timeMs }],
  ['2025/10/21 04:30:00 [crit] 12#12: it broke', { level: 4, message: '12#12: it broke', timeMs: local(2025, 9, 21, 4, 30, 0) }],
  ['2025-10-21T04:30:00Z [error] it broke', { level: 3, message: 'it broke', timeMs }],
])('Python and its likes: %s', (line, expected) => {
  expect(read('python', line)).toEqual(expected)
})

test('a level in the middle of a sentence is none', () => {
  expect(read('python', 'there was an error in the pipe')).toBeUndefined()
  expect(read('python', 'no ERROR occurred so far')).toBeUndefined()
  expect(read('plain', 'there was an error in the pipe')).toEqual({ message: 'there was an error in the pipe' })
})

test('logfmt with quotes, escapes and bare words', () => {
  expect(
    read('logfmt', String.raw`time=2025-10-21T04:30:00Z level=warn msg="a \"b\"" path=/x status=404 duration=12ms request_id=r-1 ok`),
  ).toEqual({
    level: 2,
    timeMs,
    message: 'a "b"',
    path: '/x',
    status: 404,
    seconds: 0.012,
    request_id: 'r-1',
  })
  expect(read('logfmt', 'just words')).toBeUndefined()
  expect(read('logfmt', 'a=1 msg="open')).toBeUndefined()
})

test('a pattern of the config fills the fields that its groups are named after', () => {
  const pattern = '%{TIMESTAMP_ISO8601:time} %{LOGLEVEL:level} %{IP:client} %{NUMBER:duration} %{GREEDYDATA:message}'
  expect(read('pattern', '2025-10-21T04:30:00Z WARN 10.0.0.1 0.250 카메라 7 연결 끊김', { pattern })).toEqual({
    timeMs,
    level: 2,
    client: '10.0.0.1',
    seconds: 0.25,
    message: '카메라 7 연결 끊김',
  })
  expect(read('pattern', 'something else', { pattern })).toBeUndefined()
})

test('auto settles on the format of the first lines, and looks anew when the lines change for good', () => {
  const parsers = openParsers(analysisConfig())
  const detection = new Detection(parsers)
  const fill = (line: string): boolean => {
    const bytes = Buffer.from(`${line}\n`)
    return detection.fill(bytes, 0, bytes.length - 1, record, startMs)
  }
  for (let index = 0; index < 30; index++) expect(fill(`${head} "-" "curl"`)).toBe(true)
  expect(fill('{"level":"error","msg":"x"}')).toBe(false)
  let understood = 0
  for (let index = 0; index < 300; index++) if (fill('{"level":"error","msg":"x"}')) understood++
  expect(understood).toBeGreaterThan(50)
  expect(record.level).toBe(3)
})

test('no parser throws or reads beyond the line, whatever stands in it', () => {
  const opened = parserDefinitions.map((definition) =>
    definition.open(analysisConfig({ pattern: '%{WORD:level} %{DATA:message} %{IP:client}' })),
  )
  const starts = fc.constantFrom(
    '',
    '{"level":',
    '{"msg":"',
    'level=info msg="',
    `${head} "`,
    '<34>1 ',
    'Oct 21 04:29:58 web-1 sshd[',
    '1:M 21 Oct 2025 ',
    'INFO:     ',
    '2025-10-21 04:30:00',
    '2025-10-21 04:30:00.000 UTC [1] LOG:  duration: ',
  )
  fc.assert(
    fc.property(starts, fc.uint8Array({ maxLength: 60 }), (start, rest) => {
      const line = Buffer.concat([Buffer.from(start), rest.filter((byte) => byte !== 0x0a)])
      const bytes = Buffer.concat([line, Buffer.from('\n"secret of the next line" 999 level=error\n')])
      for (const parser of opened) {
        record.begin(bytes)
        parser.fill(bytes, 0, line.length, record, startMs)
        for (const field of Object.values(texts)) expect(record.text(field, 1000) ?? '').not.toContain('of the next')
        parser.fields?.(line.toString())
      }
    }),
    { numRuns: 500 },
  )
})
