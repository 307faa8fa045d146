import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compileRules } from '../../src/rules/compile.ts'
import { defaultRuleNames, runbookOf } from '../../src/rules/default-rules.ts'
import type { MetricRule } from '../../src/rules/rule.ts'
import { standingsOf } from '../../src/rules/standing.ts'

const rules = compileRules({ rules: {}, default_rules: true })

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
    ['cpu-high', 0.85, 'ok'],
    ['cpu-high', 0.850_001, 'warning'],
    ['cpu-high', 1, 'warning'],
    ['memory-high', 0.8, 'ok'],
    ['memory-high', 0.800_001, 'warning'],
    ['memory-high', 0.9, 'warning'],
    ['memory-high', 0.900_001, 'critical'],
    ['disk-full', 0.85, 'ok'],
    ['disk-full', 0.850_001, 'warning'],
    ['disk-full', 0.95, 'warning'],
    ['disk-full', 0.950_001, 'critical'],
    ['inodes-full', 0.9, 'ok'],
    ['inodes-full', 0.900_001, 'warning'],
    ['inodes-full', 1, 'warning'],
  ])('%s at %d is %s', (rule, value, level) => {
    expect(levelAt(rule, value)).toBe(level)
  })

  it.each([
    ['cpu-high', 'warning', 0.8],
    ['memory-high', 'warning', 0.78],
    ['memory-high', 'critical', 0.88],
    ['disk-full', 'warning', 0.84],
    ['disk-full', 'critical', 0.94],
    ['inodes-full', 'warning', 0.89],
  ] as const)('%s %s holds above %d and clears there', (rule, severity, clear) => {
    expect(standingsOf(metricRule(rule), clear + 1e-9)[severity]).toBe('between')
    expect(standingsOf(metricRule(rule), clear)[severity]).toBe('clear')
  })

  it('waits 5 minutes for the processor, and for nothing else', () => {
    expect(defaultRuleNames.map((name) => [name, rules.find(name)?.forMs])).toEqual([
      ['cpu-high', 300_000],
      ['memory-high', 0],
      ['disk-full', 0],
      ['inodes-full', 0],
      ['check-failing', 0],
    ])
  })

  it('makes any failing check critical, whatever it is called', () => {
    expect(rules.forCheck('web', 'h')).toMatchObject([{ name: 'check-failing', severity: 'critical', failures: 1 }])
  })

  it('leaves out read-only images, which are full by nature', () => {
    expect(metricRule('disk-full').readsLabels({ mount: '/snap/core', device: 'loop0', fstype: 'squashfs' })).toBe(false)
    expect(metricRule('disk-full').readsLabels({ mount: '/', device: 'sda1', fstype: 'ext4' })).toBe(true)
  })

  it.each(defaultRuleNames)('%s has a runbook that says what it means, does, and how to look and act', (name) => {
    expect(rules.find(name)?.runbook).toBe(`docs/runbooks/${name}.md`)
    const page = readFileSync(new URL(`../../../../${runbookOf(name)}`, import.meta.url), 'utf8')
    const headings = page.split('\n').filter((line) => line.startsWith('#'))
    expect(headings).toEqual([`# ${name}`, '## Meaning', '## Impact', '## Diagnosis', '## Mitigation'])
    expect(page).toContain('```sh')
  })
})
