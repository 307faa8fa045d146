import { expect, test } from 'vitest'
import { logsSchema } from '../../src/config/logs.ts'

test('a log of files is filled up with defaults', () => {
  expect(logsSchema.parse({ app: { files: ['/var/log/app/*.log'] } })['app']).toMatchObject({
    files: ['/var/log/app/*.log'],
    exclude: [],
    start_at: 'end',
    max_line_bytes: 65_536,
  })
})

test.each([
  [{}, 'say where its lines come from'],
  [{ files: ['/a'], docker: {} }, 'say where its lines come from'],
  [{ files: ['app.log'] }, 'write the whole path'],
  [{ journald: {}, max_line_bytes: '1B' }, 'too small'],
  [{ files: ['/a'], format: 'pattern' }, 'is missing; with format: pattern'],
  [{ files: ['/a'], format: 'json', pattern: '%{IP:client}' }, 'is used with format: pattern only'],
  [{ files: ['/a'], ship: {} }, 'say where to'],
  [{ files: ['/a'], ship: { min_level: 'warning' } }, 'say where to'],
  [{ files: ['/a'], ship: { elasticsearch: { url: 'es:9200' } } }, 'write its address'],
  [{ files: ['/a'], ship: { elasticsearch: { url: 'http://es:9200', index: 'Logs' } } }, 'lower-case'],
  [{ files: ['/a'], ship: { loki: { url: 'http://loki:3100', labels: { 'a-b': 'c' } } } }, 'Invalid'],
])('%j is refused: %s', (log, message) => {
  const { error } = logsSchema.safeParse({ app: log })
  expect(JSON.stringify(error?.issues)).toContain(message)
})
