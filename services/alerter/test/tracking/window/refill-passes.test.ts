import { expect, it } from 'vitest'
import { compileRules } from '../../../src/rules/compile.ts'
import { ruleSchema } from '../../../src/rules/rule-config.ts'
import { passesOver } from '../../../src/tracking/window/refill-passes.ts'

it('reads each group once, as far back as the longest of its rules, and families of groups together', () => {
  const rules = {
    a: { metric: 'cpu.usage_ratio', take: 'avg', over: '5m', above: 1 },
    b: { metric: 'cpu.user_ratio', take: 'avg', over: '1h', above: 1 },
    c: { metric: 'app_api.rss_bytes', per: 'mem.total_bytes', take: 'avg', over: '1m', above: 1 },
    d: { metric: 'app_*.frames_total', take: 'rate', over: '2m', below: 1 },
    e: { metric: 'log_*.lines_total', take: 'rate', over: '3m', below: 1 },
  }
  const parsed = Object.fromEntries(Object.entries(rules).map(([name, rule]) => [name, ruleSchema.parse(rule)]))
  const passes = passesOver(compileRules({ rules: parsed, default_rules: false }).metricRules)
  expect(passes.map(({ group, overMs }) => [group, overMs])).toEqual([
    ['app_api', 60_000],
    ['mem', 60_000],
    [undefined, 180_000],
    ['cpu', 3_600_000],
  ])
  const shared = passes.find(({ group }) => group === undefined)
  expect(['ops.metric.a.app_ws', 'ops.metric.a.log_nginx', 'ops.metric.a.cpu'].map((subject) => shared?.reads(subject))).toEqual([
    true,
    true,
    false,
  ])
})
