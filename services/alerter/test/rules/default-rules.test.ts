import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { findMetric } from '@nightshift/shared/metrics/catalogue'
import { compileRules } from '../../src/rules/compile.ts'
import { defaultRuleNames, runbookOf } from '../../src/rules/default-rules.ts'
import { ruleSchema } from '../../src/rules/rule-config.ts'
import type { MetricRule } from '../../src/rules/rule.ts'
import { standingsOf } from '../../src/rules/standing.ts'

const rules = compileRules({ rules: {}, default_rules: true, app_metrics: { llm_response_time: { jobs: ['chat'] } } })
const day = 86_400
/** What the alerter tells of itself and of hosts, besides its rules. */
const toldWithoutRule = [
  'host-silent',
  'mass-silence',
  'service-silent',
  'backup-late',
  'alerter-blind',
  'notification-undeliverable',
  'notification-drill',
  'drill-unconfirmed',
  'dead-man-unreachable',
  'silence-ending',
]

function metricRule(name: string): MetricRule {
  const rule = rules.find(name)
  if (rule?.kind !== 'metric') throw new Error(`${name} is no rule on a metric`)
  return rule
}

const levelAt = (rule: string, value: number): string => {
  const standings = standingsOf(metricRule(rule), value)
  return standings.critical === 'over' ? 'critical' : standings.warning === 'over' ? 'warning' : 'ok'
}

describe('the rules that come with Nightshift', () => {
  it.each([
    ['cpu-high', 'above', 0.85, null],
    ['memory-high', 'above', 0.8, 0.9],
    ['disk-full', 'above', 0.85, 0.95],
    ['disk-filling', 'below', day, 4 * 3600],
    ['inodes-full', 'above', 0.9, null],
    ['mount-stale', 'above', 0, null],
    ['gpu-memory-high', 'above', null, 0.9],
    ['process-memory-high', 'above', 0.8, null],
    ['container-memory-high', 'above', 0.8, null],
    ['memory-pressure', 'above', 0.1, 0.3],
    ['io-pressure', 'above', 0.5, null],
    ['oom-kill', 'above', 0, null],
    ['clock-ahead', 'above', 0.5, 5],
    ['clock-behind', 'below', -0.5, -5],
    ['files-open-high', 'above', 0.8, 0.95],
    ['conntrack-full', 'above', 0.8, 0.95],
    ['connections-high', 'above', 1000, 2000],
    ['response-slow', 'above', 0.1, 0.5],
    ['certificate-expiring', 'below', 30 * day, 7 * day],
    ['certificate-file-expiring', 'below', null, 7 * day],
    ['target-down', 'below', 1, null],
    ['postgres-down', 'below', null, 1],
    ['mysql-down', 'below', null, 1],
    ['redis-down', 'below', null, 1],
    ['postgres-connections-high', 'above', 0.8, 0.95],
    ['mysql-connections-high', 'above', 0.8, 0.95],
    ['redis-memory-high', 'above', 0.8, 0.95],
    ['nats-storage-high', 'above', 0.85, 0.95],
    ['request-errors-high', 'above', 0.01, 0.05],
    ['request-slow', 'above', 1, null],
    ['app-response-slow', 'above', 100, 500],
    ['app-llm-response-slow', 'above', 3000, 5000],
    ['app-request-slow', 'above', 1, null],
    ['app-errors-high', 'above', 1, 5],
    ['app-connections-high', 'above', 1000, 2000],
    ['app-frames-low', 'below', 10, null],
    ['app-websockets-none', 'below', 1, null],
    ['app-events-slow', 'above', 5, null],
    ['app-db-writes-failing', 'above', null, 4],
    ['app-snapshots-failing', 'above', 9, null],
    ['app-process-memory-high', 'above', 0.8, null],
  ] as const)('%s: %s %s is a warning, %s critical; at the edge it is not', (name, side, warning, critical) => {
    const rule = metricRule(name)
    const beyond = (edge: number): number => edge + (side === 'above' ? 1 : -1) * Math.max(1e-9, Math.abs(edge) * 1e-9)
    expect(rule.direction).toBe(side)
    for (const [edge, level, before] of [
      [warning, 'warning', 'ok'],
      [critical, 'critical', warning === null ? 'ok' : 'warning'],
    ] as const) {
      if (edge === null) continue
      expect([levelAt(name, edge), levelAt(name, beyond(edge))]).toEqual([before, level])
    }
    expect(rule.levels.map(({ severity }) => severity)).toEqual([
      ...(critical === null ? [] : ['critical']),
      ...(warning === null ? [] : ['warning']),
    ])
  })

  it('are all there, and every one on a metric stands above with its edges', () => {
    const source = readFileSync(import.meta.filename, 'utf8')
    const untested = rules.metricRules.filter(({ name }) => !source.includes(`['${name}', '`))
    expect(untested.map(({ name }) => name)).toEqual([])
    expect(rules.checkRules.map(({ name }) => name).toSorted()).toEqual(['check-failing', 'security-posture'])
  })

  it('read metrics that the catalogue has, told apart by its labels', () => {
    const open = /^(?:app_|log_|check\.)/
    const read = rules.metricRules.flatMap(({ watch }) => watch.split(' per '))
    expect(read.filter((metric) => !open.test(metric) && findMetric(metric) === undefined)).toEqual([])
    const labels = { process: metricRule('process-memory-high'), disk: metricRule('disk-full') }
    expect([labels.process.labelNames, labels.disk.labelNames]).toEqual([
      ['kind', 'name'],
      ['mount', 'device', 'fstype'],
    ])
  })

  it.each([
    ['cpu-high', 'warning', 0.8],
    ['memory-high', 'warning', 0.78],
    ['memory-high', 'critical', 0.88],
    ['disk-full', 'warning', 0.84],
    ['disk-full', 'critical', 0.94],
    ['inodes-full', 'warning', 0.89],
    ['gpu-memory-high', 'critical', 0.88],
  ] as const)('%s %s holds above %d and clears there', (rule, severity, clear) => {
    expect(standingsOf(metricRule(rule), clear + 1e-9)[severity]).toBe('between')
    expect(standingsOf(metricRule(rule), clear)[severity]).toBe('clear')
  })

  it('wait, or look back, as the users wrote', () => {
    const waits = rules.metricRules.map(({ name, forMs, window, run }) => [
      name,
      forMs / 1000,
      window?.take,
      (window?.overMs ?? 0) / 1000,
      run?.times,
    ])
    expect(
      waits.filter(([name]) =>
        ['cpu-high', 'app-errors-high', 'request-errors-high', 'app-frames-low', 'target-down'].includes(String(name)),
      ),
    ).toEqual([
      ['cpu-high', 300, undefined, 0, undefined],
      ['target-down', 0, undefined, 0, 3],
      ['request-errors-high', 0, 'increase', 300, undefined],
      ['app-errors-high', 0, 'avg', 300, undefined],
      ['app-frames-low', 0, 'rate', 60, undefined],
    ])
  })

  it('makes any failing check critical, whatever it is called; but what the security posture finds is a warning', () => {
    expect(rules.forCheck('web', 'h')).toMatchObject([{ name: 'check-failing', severity: 'critical', failures: 1 }])
    expect(rules.forCheck('security-ports', 'h')).toMatchObject([{ name: 'security-posture', severity: 'warning' }])
  })

  it('leaves a check to the rule that the configuration has for it', () => {
    const own = ruleSchema.parse({ check: 'security-ports', severity: 'critical' })
    const book = compileRules({ rules: { ports: own }, default_rules: true })
    expect(book.forCheck('security-ports', 'h').map(({ name }) => name)).toEqual(['ports'])
    expect(book.forCheck('security-sudoers', 'h').map(({ name }) => name)).toEqual(['security-posture'])
  })

  it('leaves out read-only images, which are full by nature', () => {
    expect(metricRule('disk-full').readsLabels({ mount: '/snap/core', device: 'loop0', fstype: 'squashfs' })).toBe(false)
    expect(metricRule('disk-full').readsLabels({ mount: '/', device: 'sda1', fstype: 'ext4' })).toBe(true)
  })

  it('carry the path of their runbook', () => {
    const paths = [...rules.metricRules, ...rules.checkRules].map(({ name, runbook }) => [name, runbook])
    expect(paths).toEqual(paths.map(([name]) => [name, `docs/runbooks/${name}.md`]))
  })

  it.each([...defaultRuleNames, ...toldWithoutRule])('%s has a runbook that says what it means, does, and how to look and act', (name) => {
    const page = readFileSync(new URL(`../../../../${runbookOf(name)}`, import.meta.url), 'utf8')
    const headings = page.split('\n').filter((line) => line.startsWith('#'))
    expect(headings).toEqual([`# ${name}`, '## Meaning', '## Impact', '## Diagnosis', '## Mitigation'])
    expect(page).toContain('```sh')
  })

  it('has no runbook without a rule, and none that leads nowhere', () => {
    const folder = new URL('../../../../docs/runbooks/', import.meta.url)
    const pages = readdirSync(folder).map((file) => file.replace(/\.md$/, ''))
    expect(pages.toSorted()).toEqual([...defaultRuleNames, ...toldWithoutRule].toSorted())
    const links = pages.flatMap((page) => [...readFileSync(new URL(`${page}.md`, folder), 'utf8').matchAll(/\]\(([^)]+)\.md\)/g)])
    expect(links.filter(([, page]) => !pages.includes(page ?? '')).map(([link]) => link)).toEqual([])
    expect(links.length).toBeGreaterThan(20)
  })
})
