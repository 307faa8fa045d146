import { expect, test } from 'vitest'
import { grokTable } from '../../../../src/logs/analysis/patterns/grok-table.ts'
import { compileLinePattern, compileSearchPattern } from '../../../../src/logs/analysis/patterns/line-pattern.ts'

function groups(pattern: string, line: string): Record<string, string | undefined> | string | null {
  const compiled = compileLinePattern(pattern)
  if ('problem' in compiled) return compiled.problem
  const match = compiled.pattern.exec(line)
  return match === 'slow' ? match : { ...match?.groups }
}

test('entries of the table and own groups become fields', () => {
  expect(
    groups('%{IP:client} %{WORD:method} %{URIPATHPARAM:path} %{INT:bytes} %{NUMBER:duration}', '10.0.0.1 GET /a?b=1 1200 0.043'),
  ).toEqual({
    client: '10.0.0.1',
    method: 'GET',
    path: '/a?b=1',
    bytes: '1200',
    duration: '0.043',
  })
  expect(groups(String.raw`(?<level>\w+): 카메라 (?<camera>\d+) %{GREEDYDATA:message}`, 'ERROR: 카메라 7 연결 끊김')).toEqual({
    level: 'ERROR',
    camera: '7',
    message: '연결 끊김',
  })
})

test('a pattern is refused with what is wrong and where', () => {
  expect(groups('%{IPX:client}', '')).toContain('knows no %{IPX:client}; did you mean %{IP}?')
  expect(groups('(?<a>', '')).toContain('is no regular expression')
  expect(groups('plain text', '')).toContain('names no field')
  expect(groups('(?<a>(x+)+)y', '')).toContain('a repeat within a repeat at character')
})

test.each([
  [String.raw`(a+)+b`, 'a repeat within a repeat'],
  [String.raw`(?:a|a){20}b`, 'alternatives within a repeat'],
  [String.raw`(?:\d|[0-9]){27} `, 'alternatives within a repeat'],
  [String.raw`.*x.*y.*z`, 'too many repeats that can match the same text'],
  [String.raw`(?<q>"|').*\k<q>`, 'a back reference'],
])('%s is refused in a line and in a mask: %s', (source, reason) => {
  expect(compileLinePattern(`(?<field>${source})`)).toMatchObject({ problem: expect.stringContaining(reason) })
  expect(compileSearchPattern(source)).toMatchObject({ problem: expect.stringContaining(reason) })
})

test.each(Object.keys(grokTable))('%s of the table is allowed alone and between others', (name) => {
  expect(compileLinePattern(`%{${name}:a}`)).toHaveProperty('pattern')
  expect(compileLinePattern(`%{${name}:a} %{INT:b} %{GREEDYDATA:c}`)).toHaveProperty('pattern')
})

test.each([
  '%{TIMESTAMP_ISO8601:time} %{DATA:logger} %{DATA:thread} %{LOGLEVEL:level} %{GREEDYDATA:message}',
  '%{TIMESTAMP_ISO8601:time} %{DATA:logger} - %{LOGLEVEL:level} - %{GREEDYDATA:message}$',
  '^%{IPORHOST:client} %{USER} %{USER:user} \\[%{HTTPDATE:time}\\] "%{WORD:method} %{NOTSPACE:path} [^"]*" %{INT:status} (?:%{INT:bytes}|-)$',
])('%s is allowed', (pattern) => {
  expect(compileLinePattern(pattern)).toHaveProperty('pattern')
})
