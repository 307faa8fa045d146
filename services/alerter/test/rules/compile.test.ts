import { describe, expect, it } from 'vitest'
import { compileRules, type RuleBook } from '../../src/rules/compile.ts'
import { ruleSchema } from '../../src/rules/rule-config.ts'

function compile(rules: Record<string, unknown>, defaults: boolean | string[] = false): RuleBook {
  return compileRules({
    rules: Object.fromEntries(Object.entries(rules).map(([name, rule]) => [name, ruleSchema.parse(rule)])),
    default_rules: defaults,
  })
}

describe('compiled rules', () => {
  it('carry thresholds in base units, the worst first, and keep the distance of clear for both', () => {
    const rule = compile({
      'cpu-high': { metric: 'cpu.usage_ratio', above: { warning: '85%', critical: '95%' }, for: '5m', clear: '75%' },
    }).find('cpu-high')
    expect(rule).toMatchObject({
      group: 'cpu',
      field: 'usage_ratio',
      direction: 'above',
      forMs: 300_000,
      announceAfterMs: 10_000,
      levels: [
        { severity: 'critical', threshold: 0.95, clear: 0.85 },
        { severity: 'warning', threshold: 0.85, clear: 0.75 },
      ],
    })
  })

  it('read sizes, times and a single threshold', () => {
    const rules = compile({
      space: { metric: 'fs.available_bytes', below: '10GiB', severity: 'critical', clear: '12GiB' },
      'app-slow': { metric: 'app_shop.latency_seconds', above: '500ms' },
    })
    expect(rules.find('space')).toMatchObject({
      direction: 'below',
      levels: [{ severity: 'critical', threshold: 10 * 2 ** 30, clear: 12 * 2 ** 30 }],
    })
    expect(rules.find('app-slow')).toMatchObject({ levels: [{ severity: 'warning', threshold: 0.5, clear: 0.5 }], labelNames: null })
  })

  it('are found by the group that a message brings, and by the host it comes from', () => {
    const rules = compile({
      a: { metric: 'cpu.usage_ratio', above: 0.5 },
      b: { metric: 'mem.used_ratio', above: 0.5, hosts: ['Web-*', '!web-9'] },
    })
    const names = (group: string, host: string | null): string[] => rules.forGroup(group, host).map((rule) => rule.name)
    expect(names('cpu', 'db')).toEqual(['a'])
    expect(names('mem', 'web-1')).toEqual(['b'])
    expect(names('mem', 'web-9')).toEqual([])
    expect(names('mem', null)).toEqual([])
    expect(names('fs', 'web-1')).toEqual([])
  })

  it('let a rule on a check take the place of the default one for that check, and on those hosts', () => {
    const rules = compile({ 'web-down': { check: 'web', hosts: ['web-*'] } }, true)
    const names = (check: string, host: string): string[] => rules.forCheck(check, host).map((rule) => rule.name)
    expect(names('web', 'web-1')).toEqual(['web-down'])
    expect(names('web', 'db-1')).toEqual(['check-failing'])
    expect(names('ssh', 'web-1')).toEqual(['check-failing'])
  })

  it('let a rule replace the default one of the same name', () => {
    const rules = compile({ 'cpu-high': { metric: 'cpu.usage_ratio', above: '99%' } }, true)
    expect(rules.forGroup('cpu', 'h')).toMatchObject([{ name: 'cpu-high', levels: [{ threshold: 0.99 }] }])
  })

  it('leave out the default rules that are not wanted', () => {
    expect(compile({}, false).forCheck('web', 'h')).toEqual([])
    const some = compile({}, ['disk-full'])
    expect(some.find('disk-full')).toBeDefined()
    expect(some.find('cpu-high')).toBeUndefined()
  })

  it('point to the runbook of failing checks unless they name one of their own', () => {
    const rules = compile({ a: { check: 'a' }, b: { check: 'b', runbook: 'https://wiki.example/b' }, c: { metric: 'cpu.cores', below: 2 } })
    expect(['a', 'b', 'c'].map((name) => rules.find(name)?.runbook)).toEqual([
      'docs/runbooks/check-failing.md',
      'https://wiki.example/b',
      null,
    ])
  })
})
