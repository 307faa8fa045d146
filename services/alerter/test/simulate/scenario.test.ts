import { describe, expect, it } from 'vitest'
import { baseConfigSchema } from '@nightshift/shared/config/base'
import { alerterConfigSchema } from '../../src/config.ts'
import { runScenario, type ScenarioResult } from '../../src/simulate/scenario/run-scenario.ts'
import { scenarioFileSchema } from '../../src/simulate/scenario/scenario-config.ts'

const base = baseConfigSchema.parse({ timezone: 'UTC' })

async function run(scenario: Record<string, unknown>, config: Record<string, unknown> = {}): Promise<ScenarioResult> {
  const [test] = scenarioFileSchema.parse({ tests: [{ name: 'a test', ...scenario }] }).tests
  if (test === undefined) throw new Error('no test')
  return await runScenario(test, base, alerterConfigSchema.parse(config))
}

const passed = (messages: number) => ({ name: 'a test', failures: [], messages })
const busy = { host: 'web-1', metric: 'cpu.usage_ratio', values: '50%x3 95%x8 50%x3' }

describe('a scenario goes through the whole pipeline', () => {
  it('rules, life, groups and texts: pending, firing after its time, told, over, told', async () => {
    const result = await run({
      series: [busy],
      expect: [
        { at: '3m', alerts: [], messages: [] },
        { at: '8m', alerts: [{ rule: 'cpu-high', phase: 'pending' }], messages: [] },
        {
          at: '9m',
          alerts: [{ rule: 'cpu-high', host: 'web-1', phase: 'firing', severity: 'warning', muted: false, acked: false }],
          messages: [{ channel: 'log', occasion: 'new', severity: 'warning', contains: ['cpu.usage_ratio', 'web-1', '95'] }],
        },
        { at: '20m', alerts: [], messages: [{ occasion: 'resolved', firing: 0, resolved: 1 }] },
      ],
    })
    expect(result).toEqual(passed(2))
  })

  it('routes, waiting for others to join, repeating, and acknowledgements that end it', async () => {
    const config = {
      default_rules: ['check-failing'],
      rules: { late: { check: 'web', severity: 'warning' } },
      channels: { ops: { kind: 'log' }, web: { kind: 'log' } },
      routes: { web: { match: { rule: 'late' }, channels: ['web'], group_by: ['rule'], group_wait: '30s', repeat_interval: '1h' } },
    }
    const failing = (host: string, at: string) => ({ host, check: 'web', states: { [at]: 'failing', '5h': 'ok' } })
    const result = await run(
      {
        checks: [failing('a', '1m'), failing('b', '75s')],
        acks: [{ at: '2h', rule: 'late', host: 'a', actor: 'kim' }],
        expect: [
          {
            at: '80s',
            alerts: [
              { rule: 'late', host: 'a' },
              { rule: 'late', host: 'b' },
            ],
            messages: [],
          },
          { at: '90s', messages: [{ channel: 'web', route: 'web', occasion: 'new', firing: 2 }] },
          { at: '119m', messages: [{ occasion: 'repeated' }] },
          {
            at: '2h',
            alerts: [
              { rule: 'late', host: 'a', acked: 'kim' },
              { rule: 'late', host: 'b', acked: 'kim' },
            ],
            messages: [{ occasion: 'acked' }],
          },
          { at: '4h', messages: [] },
          {
            at: '6h',
            alerts: [],
            messages: [
              { occasion: 'changed', firing: 1, resolved: 1 },
              { occasion: 'resolved', resolved: 1 },
            ],
          },
        ],
      },
      config,
    )
    expect(result).toEqual(passed(5))
  })

  it('inhibitions, silences and maintenance windows, each named where it mutes', async () => {
    const config = {
      default_rules: ['check-failing'],
      inhibit: { 'database-down': { source: { check: 'database' }, target: { check: 'web' } } },
      windows: { nightly: { match: { host: 'batch-*' }, from: '02:00', to: '03:00' } },
    }
    const result = await run(
      {
        start: '2026-03-02T01:30:00Z',
        checks: [
          { host: 'a', check: 'database', states: { '1m': 'failing', '20m': 'ok' } },
          { host: 'a', check: 'web', states: { '2m': 'failing' } },
          { host: 'b', check: 'web', states: { '2m': 'failing' } },
          { host: 'batch-1', check: 'job', states: { '40m': 'failing' } },
        ],
        silences: [{ at: '0s', matchers: ['host=b'], for: '1h' }],
        expect: [
          {
            at: '10m',
            alerts: [
              { rule: 'check-failing', labels: { check: 'database' }, muted: false },
              { rule: 'check-failing', host: 'a', labels: { check: 'web' }, muted: 'inhibited' },
              { rule: 'check-failing', host: 'b', muted: 'silenced' },
            ],
            messages: [{ occasion: 'new', firing: 1, contains: 'database' }],
          },
          {
            at: '30m',
            messages: [
              { occasion: 'resolved', contains: 'database' },
              { occasion: 'new', contains: 'web' },
            ],
          },
          { at: '45m', alerts: [{ rule: 'check-failing', host: 'batch-1', muted: 'window' }], others: true, messages: [] },
          { at: '70m', messages: [{ contains: 'web on b' }] },
          { at: '91m', messages: [{ occasion: 'new', contains: 'batch-1' }] },
        ],
      },
      config,
    )
    expect(result.failures).toEqual([])
  })

  it('gaps hold, what cannot be read holds, what is gone resolves', async () => {
    const disk = (values: string) => ({
      host: 'db-1',
      metric: 'fs.used_ratio',
      labels: { mount: '/data', device: 'sda', fstype: 'ext4' },
      values,
    })
    const root = { host: 'db-1', metric: 'fs.used_ratio', labels: { mount: '/', device: 'sdb', fstype: 'ext4' }, values: '10%x40' }
    const result = await run({
      series: [disk('50% 97%x2 nullx10 97% stalex5'), root],
      expect: [
        {
          at: '12m',
          alerts: [{ rule: 'disk-full', severity: 'critical', labels: { mount: '/data' }, phase: 'firing' }],
          messages: [{ occasion: 'new' }],
        },
        { at: '15m', alerts: [{ rule: 'disk-full' }], messages: [] },
        { at: '17m', alerts: [], messages: [{ occasion: 'resolved', contains: 'gone' }] },
      ],
    })
    expect(result).toEqual(passed(2))
    const gap = await run({
      series: [disk('97% _x30 97%')],
      expect: [{ at: '31m', alerts: [{ rule: 'disk-full', host: 'db-1' }], others: true }],
    })
    expect(gap.failures).toEqual([])
  })

  it('a host that falls silent, and what only follows from that', async () => {
    const result = await run({
      checks: [{ host: 'a', check: 'web', states: { '2m': 'failing' } }],
      series: [{ host: 'b', metric: 'cpu.usage_ratio', values: '10%x10' }],
      silent: [{ host: 'a', from: '1m', to: '6m' }],
      expect: [
        {
          at: '3m',
          alerts: [
            { rule: 'host-silent', host: 'a', phase: 'firing' },
            { rule: 'check-failing', host: 'a', muted: 'inhibited' },
          ],
          messages: [{ contains: 'host-silent' }],
        },
        {
          at: '10m',
          alerts: [{ rule: 'check-failing', host: 'a', muted: false }],
          messages: [
            { occasion: 'resolved', contains: 'host-silent' },
            { occasion: 'new', contains: 'web on a' },
          ],
        },
      ],
    })
    expect(result.failures).toEqual([])
  })

  it('metrics of an application, with labels and without', async () => {
    const result = await run(
      {
        interval: '10s',
        series: [
          { host: 'a', metric: 'app_shop.queue_depth', values: '1x2 500x6' },
          { host: 'a', metric: 'app_pay.errors', labels: { method: 'card' }, values: '0x2 9x6' },
        ],
        expect: [
          {
            at: '30s',
            alerts: [
              { rule: 'queue', summary: 'app_shop.queue_depth' },
              { rule: 'errors', labels: { method: 'card' } },
            ],
          },
        ],
      },
      { rules: { queue: { metric: 'app_shop.queue_depth', above: 100 }, errors: { metric: 'app_pay.errors', above: 5 } } },
    )
    expect(result.failures).toEqual([])
  })

  it('escalation ladders over days, in no time', async () => {
    const config = {
      channels: { log: { kind: 'log' }, phone: { kind: 'log' } },
      route: { channels: ['log'] },
      contacts: { lead: { name: 'Kim', role: 'development lead', phone: '010-1234-5678' } },
      escalation: { default: { steps: [{ after: '30m', channels: ['phone'], contacts: ['lead'] }] } },
    }
    const before = process.cpuUsage()
    const result = await run(
      {
        checks: [{ host: 'a', check: 'web', states: { '1m': 'failing', '10d': 'ok' } }],
        expect: [
          { at: '30m', messages: [{ channel: 'log', occasion: 'new' }] },
          {
            at: '31m',
            messages: [
              { channel: 'log', occasion: 'escalated' },
              { channel: 'phone', contains: ['Kim', 'development lead', '010-1234-5678'] },
            ],
          },
          { at: '11d', others: true, messages: [{ channel: 'phone', occasion: 'resolved' }] },
        ],
      },
      config,
    )
    expect(result.failures).toEqual([])
    const { user } = process.cpuUsage(before)
    expect(user / 1e6).toBeLessThan(10)
  })
})

describe('what differs is shown', () => {
  it('with what was expected, what was there, and when', async () => {
    const { failures } = await run({
      series: [busy],
      expect: [
        {
          at: '9m',
          alerts: [{ rule: 'cpu-high', severity: 'critical' }],
          messages: [{ channel: 'log', occasion: 'new', contains: 'nothing of it' }],
        },
        { at: '20m', alerts: [{ rule: 'memory-high' }], messages: [] },
      ],
    })
    expect(failures.map((failure) => failure.split('\n'))).toEqual([
      [
        'at 9m: the alerts differ',
        '  - expected    rule: cpu-high, severity: critical',
        expect.stringMatching(
          /^ {2}\+ unexpected {2}rule: cpu-high, host: web-1, phase: firing, severity: warning \(cpu\.usage_ratio on web-1 is 95%/,
        ),
        '    there were',
        expect.stringContaining('rule: cpu-high'),
      ],
      [
        'at 9m: the messages differ',
        '  - expected    channel: log, occasion: new, contains: ["nothing of it"]',
        expect.stringContaining('+ unexpected  at 9m'),
        '    there were',
        expect.stringContaining('occasion: new'),
      ],
      ['at 20m: the alerts differ', '  - expected    rule: memory-high', '    there were no alerts'],
      ['at 20m: the messages differ', expect.stringContaining('+ unexpected  at 13m channel: log, occasion: resolved')],
    ])
  })

  it('and a scenario that contradicts itself is refused', async () => {
    await expect(run({ acks: [{ at: '1m', rule: 'cpu-high' }], expect: [{ at: '2m', alerts: [] }] })).rejects.toThrow(
      /no alert of cpu-high/,
    )
    expect(() => scenarioFileSchema.parse({ tests: [{ name: 'a', expect: [] }] })).toThrow(/expects nothing/)
  })
})
