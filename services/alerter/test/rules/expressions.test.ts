import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { formatDiagnostic } from '@nightshift/shared/config/diagnostic'
import { loadConfig } from '@nightshift/shared/config/load-config'
import { alerterConfigSchema, alerterCrossChecks } from '../../src/config.ts'

const folder = mkdtempSync(join(tmpdir(), 'nightshift-expressions-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
async function load(rule: string): Promise<string[]> {
  const file = join(folder, `${files++}.yaml`)
  writeFileSync(file, `alerter:\n  rules:\n    a:\n${rule.replaceAll(/^/gm, '      ')}\n`, { mode: 0o600 })
  const loaded = await loadConfig({
    file,
    env: {},
    sections: { alerter: alerterConfigSchema },
    run: 'all',
    crossChecks: alerterCrossChecks,
  })
  const found = loaded.ok ? loaded.warnings : loaded.diagnostics
  return found.map(({ severity, line, column, path, message, hint }) => {
    const place = path?.slice('alerter.rules.'.length) ?? ''
    return `${severity === 'warning' ? 'warning ' : ''}${line}:${column} ${place}: ${message}${hint === undefined ? '' : ` (${hint})`}`
  })
}

describe('a rule can say', () => {
  it.each([
    ['an average', 'metric: cpu.usage_ratio\ntake: avg\nover: 5m\nabove: 85%'],
    ['a percentile', 'metric: app_api.latency_seconds.p95\ntake: p95\nover: 5m\nabove: { warning: 100ms, critical: 500ms }'],
    ['a rate', 'metric: app_api.requests_total\ntake: rate\nover: 1m\nbelow: 1'],
    [
      'an error rate',
      'metric: app_api.errors_total\nper: app_api.requests_total\ntake: increase\nover: 5m\nabove: { warning: 1%, critical: 5% }',
    ],
    [
      'a share of what is added up',
      'metric: app_api.requests_total\nwhere: { code: "5*" }\nper: { metric: app_api.requests_total }\nby: [path]\ntake: increase\nover: 5m\nabove: 5%',
    ],
    ['three in a row', 'metric: mem.used_ratio\nabove: 90%\ntimes: 3'],
    ['three of five', 'metric: mem.used_ratio\nabove: 90%\ntimes: 3\nof: 5'],
    ['absence of a metric', 'metric: app_ws.websocket_connections\nabsent: 5m'],
    ['absence of a check', 'check: "backup-*"\nabsent: 1d\nseverity: warning'],
    [
      'a baseline',
      'metric: app_api.requests_total.rate_per_second\nbaseline: { weeks: 4, factor: { warning: 2, critical: 4 }, at_least: 10 }',
    ],
    ['a baseline with defaults', 'metric: app_api.requests_total.rate_per_second\nbaseline: {}'],
    ['hours', 'metric: app_ws.clients\nbelow: 1\nhours: { days: [mon, tue], from: "09:00", to: "18:00", timezone: Asia/Seoul }'],
    ['to keep firing', 'check: web\nkeep_firing_for: 10m'],
    ['a sentence', 'metric: fs.used_ratio\nabove: 85%\nsummary: "{mount} of {host} is {value} full, {severity} from {threshold} on"'],
    ['a sentence with labels of an application', 'metric: app_api.clients\nabove: 85\nsummary: "{region}: {value}"'],
    ['an incident level', 'check: web\nlevel: 1'],
    ['events', 'event: backup.failed\nover: 1d\nabove: { warning: 0, critical: 2 }\nsummary: "{job} failed {value} times"'],
  ])('%s', async (_what, rule) => {
    expect(await load(rule)).toEqual([])
  })
})

describe('a mistake is shown where it is, with what to do', () => {
  it.each([
    [
      'metric: cpu.usage_ratio\ntake: average\nover: 5m\nabove: 1',
      '5:13 a.take: is no function (write last, avg, min, max, rate, increase, delta, stddev, count, full_in, or a percentile p1 to p99)',
    ],
    ['metric: cpu.usage_ratio\ntake: avg\nabove: 1', '5:13 a.take: looks back on a time (add "over: 5m")'],
    ['metric: cpu.usage_ratio\nover: 5m\nabove: 1', '5:13 a.over: is how far "take" looks back (add take: avg, or write for: 5m)'],
    [
      'metric: cpu.usage_ratio\ntake: rate\nover: 5m\nabove: 1',
      '5:13 a.take: cpu.usage_ratio goes up and down, so it has no rate (write take: delta for how far it moved)',
    ],
    [
      'metric: net.receive_errors_total\ntake: avg\nover: 5m\nabove: 1',
      'warning 5:13 a.take: net.receive_errors_total only ever grows, so its avg says little (write take: increase, or take: rate for so many a second)',
    ],
    ['metric: cpu.usage_ratio\nper: cpu.corse\nabove: 1', '5:12 a.per: there is no metric "cpu.corse" (did you mean "cpu.cores"?)'],
    [
      'metric: fs.used_bytes\nper: net.receive_bytes_total\nabove: 1',
      '5:12 a.per: net.receive_bytes_total has the labels nic, and fs.used_bytes has mount, device, fstype, so none of its series belongs to another (say with by: [...] which labels they share)',
    ],
    ['metric: fs.used_bytes\nby: [mont]\nabove: 1', '5:12 a.by[0]: fs.used_bytes has no label "mont" (did you mean "mount"?)'],
    ['metric: cpu.usage_ratio\nabove: 1\nof: 5', '6:11 a.of: goes with times (write for example times: 3 and of: 5)'],
    ['metric: cpu.usage_ratio\nabove: 1\ntimes: 5\nof: 3', '7:11 a.of: is less than times (5 of 3 can never be)'],
    ['metric: cpu.usage_ratio\nabove: 1\nabsent: 5m', '5:14 a.above: cannot stand beside absent (make two rules of it)'],
    ['check: web\nabsent: 5m\nfor: 5m', '6:12 a.for: cannot stand beside absent (absent says how long already)'],
    ['check: web\ntimes: 5', '5:14 a.times: goes with a metric (for a check write failures)'],
    [
      'metric: cpu.usage_ratio\nbaseline: {}\nbelow: 1',
      '6:14 a.below: cannot stand beside baseline (its factor and side say how far, or make two rules of it)',
    ],
    [
      'metric: cpu.usage_ratio\nbaseline: { factor: { warning: 4, critical: 2 } }',
      '5:17 a.baseline: has a factor for critical that is not above that for warning (swap them)',
    ],
    [
      'metric: fs.used_ratio\nabove: 1\nsummary: "{mont} is full"',
      '6:16 a.summary: there is nothing to put in place of {mont} (known are {host}, {rule}, {severity}, {value}, {threshold}, {mount}, {device}, {fstype})',
    ],
    ['check: web\nsummary: "{check} is at {value}"', '5:16 a.summary: {value} is a number, and this rule measures none (remove it)'],
    ['event: backup.failed\nfor: 5m', '5:12 a.for: cannot stand beside event (over says how far to look back)'],
    [
      'event: backups.failed',
      '4:14 a.event: is no event (write for example backup.failed, heal.escalated, health.failing or change.deploy)',
    ],
    ['check: web\nlevel: 4', '5:14 a.level: is 1, 2 or 3'],
    [
      'check: web\nhours: { days: [monday] }',
      '5:23 a.hours.days[0]: must be one of sun, mon, tue, wed, thu, fri, sat, not the text "monday" (did you mean "mon"?)',
    ],
  ])('%s', async (rule, expected) => {
    expect(await load(rule)).toEqual([expected])
  })
})

it('every example of docs/rules.md is taken as it stands', async () => {
  const page = readFileSync(new URL('../../../../docs/rules.md', import.meta.url), 'utf8')
  const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, example = '']) => example)
  expect(examples.length).toBeGreaterThan(5)
  for (const [index, example] of examples.entries()) {
    const file = join(folder, `example-${index}.yaml`)
    writeFileSync(file, example, { mode: 0o600 })
    const loaded = await loadConfig({
      file,
      env: {},
      sections: { alerter: alerterConfigSchema },
      run: 'all',
      crossChecks: alerterCrossChecks,
    })
    expect(loaded.ok ? loaded.warnings : loaded.diagnostics.map((one) => formatDiagnostic(one))).toEqual([])
  }
})
