import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { record } from '../../src/commands/record.ts'
import { rules } from '../../src/commands/rules.ts'
import { alerterAtWork, run, temporaryFolder, until } from './alerter-at-work.ts'

const config = `
timezone: Asia/Seoul
alerter:
  rules:
    cpu-high: { metric: cpu.usage_ratio, above: { warning: 85%, critical: 95% }, for: 5m, clear: 75% }
  channels:
    slack: { kind: slack, bot_token_file: /nowhere/token, channel: "#ops" }
    mail: { kind: email, url: "smtp://\${NO_SUCH_VARIABLE}", from: a@example.com, to: [b@example.com] }
  deadman: { url_file: /nowhere/ping }
`

const tests = `
config: nightshift.yaml
tests:
  - name: a busy processor goes to Slack, and by mail only when it is critical
    series:
      - { host: web-1, metric: cpu.usage_ratio, values: '50%x3 90%x9 99%x9 50%x3' }
    expect:
      - { at: 8m, alerts: [{ rule: cpu-high, phase: pending }], messages: [] }
      - { at: 12m, alerts: [{ rule: cpu-high, severity: warning }], messages: [{ channel: slack, occasion: new, contains: web-1 }] }
      - { at: 19m, messages: [{ channel: slack, occasion: changed, severity: critical }, { channel: mail }] }
      - { at: 30m, alerts: [], messages: [{ channel: slack, occasion: resolved }, { channel: mail, occasion: resolved }] }
  - name: this one is wrong
    series:
      - { host: web-1, metric: cpu.usage_ratio, values: '50%x3' }
    expect:
      - { at: 3m, alerts: [{ rule: cpu-high }] }
`

test('rules are tested on the configuration as it is, without a single secret of it, and what differs is shown', async () => {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, 'nightshift.yaml'), config)
  writeFileSync(join(cwd, 'tests.yaml'), tests)
  const all = await run(rules, ['test', 'tests.yaml', '--junit', 'junit.xml'], { cwd })
  expect(all).toEqual({
    code: 1,
    err: [],
    out: [
      'ok      tests.yaml: a busy processor goes to Slack, and by mail only when it is critical (5 messages)',
      'FAILED  tests.yaml: this one is wrong',
      '  at 3m: the alerts differ',
      '    - expected    rule: cpu-high',
      '      there were no alerts',
      '1 passed, 1 failed',
    ],
  })
  const junit = readFileSync(join(cwd, 'junit.xml'), 'utf8')
  expect(junit).toContain('<testsuites tests="2" failures="1">')
  expect(junit).toContain('<failure message="at 3m: the alerts differ">')
  expect(await run(rules, ['test', 'tests.yaml', '--run', 'busy'], { cwd })).toMatchObject({ code: 0, out: { length: 2 } })
  await expect(run(rules, ['test', 'tests.yaml', '--run', 'nothing'], { cwd })).rejects.toMatchObject({ code: 'usage' })
})

test('the example of docs/rules-test.md passes as it stands there', async () => {
  const cwd = temporaryFolder()
  const page = readFileSync(new URL('../../../../docs/rules-test.md', import.meta.url), 'utf8')
  writeFileSync(join(cwd, 'nightshift.yaml'), config)
  writeFileSync(join(cwd, 'tests.yaml'), /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '')
  expect(await run(rules, ['test', 'tests.yaml'], { cwd })).toMatchObject({ code: 0, out: [expect.stringMatching(/^ok/), '1 passed'] })
})

test('a file of tests that is wrong says where, and so does a configuration', async () => {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, 'tests.yaml'), tests.replace('50%x3 90%x9', '50%x3 ninety').replace('phase: pending', 'phase: waiting'))
  await expect(run(rules, ['test', 'tests.yaml'], { cwd })).rejects.toThrow(
    /"ninety" is no sample[\s\S]*tests\.yaml:6:\d+[\s\S]*tests\.yaml:8:\d+/,
  )
  writeFileSync(join(cwd, 'tests.yaml'), tests)
  writeFileSync(join(cwd, 'nightshift.yaml'), config.replace('cpu.usage_ratio', 'cpu.usage_ration'))
  await expect(run(rules, ['test', 'tests.yaml'], { cwd })).rejects.toThrow(/nightshift\.yaml:5:\d+[\s\S]*cpu\.usage_ratio/)
})

test('what was recorded on a real bus is replayed with other rules: from a file and from the streams', async () => {
  const work = await alerterAtWork()
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, 'nightshift.yaml'), 'alerter: { rules: { busy: { metric: cpu.usage_ratio, above: 50%, severity: critical } } }\n')
  const recording = run(record, ['live.jsonl', '--for', '3s', '--nats', work.url], { cwd })
  await until(() => existsSync(join(cwd, 'live.jsonl')))
  await new Promise((resolve) => setTimeout(resolve, 500))
  work.metric('web-1', 'cpu', { usage_ratio: 0.9 })
  await work.health('db-1', 'postgres', 'failing')
  await new Promise((resolve) => setTimeout(resolve, 300))
  work.metric('web-1', 'cpu', { usage_ratio: 0.1 })
  expect(await recording).toMatchObject({ code: 0, out: [expect.stringMatching(/^3 messages, .* in live\.jsonl$/)] })
  expect(statSync(join(cwd, 'live.jsonl')).mode & 0o077).toBe(0)
  const replayed = await run(rules, ['replay', 'live.jsonl'], { cwd })
  expect(replayed).toMatchObject({ code: 0, err: [] })
  expect(replayed.out[0]).toMatch(/^3 messages from /)
  expect(replayed.out.find((line) => line.startsWith('busy'))).toMatch(/^busy +1 +1 +2 +0 +\S+ +0$/)
  expect(replayed.out.find((line) => line.startsWith('check-failing'))).toMatch(/^check-failing +1 +1 +1 +0 +\S+ +1$/)
  expect(replayed.out.at(-1)).toBe('would have told 3 times: log 3')
  const fromBus = await run(rules, ['replay', '--from', '1m', '--json', '--nats', work.url], { cwd })
  expect(JSON.parse(fromBus.out[0] ?? '')).toMatchObject({ messages: 3, channels: { log: 3 }, problems: [] })
  expect(await run(record, ['past.jsonl', '--past', '1m', '--nats', work.url], { cwd })).toMatchObject({ code: 0 })
  expect((await run(rules, ['replay', 'past.jsonl'], { cwd })).out.at(-1)).toBe('would have told 3 times: log 3')
  const small = await run(record, ['small.jsonl', '--past', '1m', '--max-size', '400B', '--nats', work.url], { cwd })
  expect(small.err[0]).toContain('raise --max-size')
  expect(statSync(join(cwd, 'small.jsonl')).size).toBeLessThanOrEqual(400)
  await expect(run(record, ['past.jsonl', '--nats', work.url], { cwd })).rejects.toThrow(/is there already/)
  await expect(run(record, ['none/here.jsonl', '--past', '1m', '--nats', work.url], { cwd })).rejects.toThrow(
    /cannot write none\/here\.jsonl/,
  )
  writeFileSync(join(cwd, 'torn.jsonl'), `${readFileSync(join(cwd, 'past.jsonl'), 'utf8')}{"stream":"METR`)
  expect(await run(rules, ['replay', 'torn.jsonl'], { cwd })).toMatchObject({
    code: 0,
    err: ['1 lines of torn.jsonl are none of a recording and were passed over'],
  })
})
