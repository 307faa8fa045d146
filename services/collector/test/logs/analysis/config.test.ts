import { expect, test } from 'vitest'
import { z } from 'zod'
import { logAnalysisShape } from '../../../src/config/log-analysis.ts'
import { analyse, analysisConfig } from './analysed.ts'

const schema = z.strictObject(logAnalysisShape)
const problems = (input: unknown): string[] =>
  schema.safeParse(input).error?.issues.map(({ message, path }) => `${path.join('.')}: ${message}`) ?? []

test('without anything said a log is detected, masked, and slow from one second on', () => {
  expect(analysisConfig()).toEqual({
    format: 'auto',
    fields: {},
    slow_request: 1000,
    top: 20,
    group_from: 'error',
    repeat: 300_000,
    addresses: 'keep',
    auth: { failures: 10, window: 300_000 },
    masking: { enabled: true, emails: true, patterns: [], allow: [] },
  })
})

test('patterns that name nothing known, or could take for ever, are refused with the place', () => {
  expect(problems({ pattern: '%{IPP:client} %{GREEDYDATA:message}' })).toEqual(['pattern: knows no %{IPP:client}; did you mean %{IP}?'])
  expect(problems({ pattern: String.raw`(?<message>(\w+)+) end` })).toEqual([
    expect.stringContaining('pattern: could take for ever on some lines: a repeat within a repeat at character 12'),
  ])
  expect(problems({ masking: { patterns: ['('] } })).toEqual([expect.stringContaining('masking.patterns.0: is no regular expression')])
  expect(problems({ masking: { patterns: ['a*'] } })).toEqual([expect.stringContaining('matches the empty text')])
  expect(problems({ fields: { colour: 'x' } })).toHaveLength(1)
})

test('a log of the journal is understood as one, failed logins of any priority included', () => {
  const entry = {
    MESSAGE: 'Failed password for root from 203.0.113.7 port 22 ssh2',
    PRIORITY: '6',
    SYSLOG_IDENTIFIER: 'sshd',
    __REALTIME_TIMESTAMP: '1761020999000000',
  }
  const { fields, items, take } = analyse(Object.assign(analysisConfig(), { journald: {} }))
  take(`${JSON.stringify(entry)}\n`)
  expect(fields()).toMatchObject({ auth_failures_total: 1, unparsed_total: 0 })
  expect(items('level').find(({ name }) => name === 'info')).toMatchObject({ lines_total: 1 })
})

test('the level from which lines are grouped comes from the config', () => {
  const { clock, fields, take } = analyse(analysisConfig({ group_from: 'warning' }))
  take('{"level":"warning","msg":"the cache is cold"}\n{"level":"info","msg":"x"}\n')
  clock.nowMs += 1500
  expect(fields()).toMatchObject({ error_groups: 1, errors_total: 0 })
})
