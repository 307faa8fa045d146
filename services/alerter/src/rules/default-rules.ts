import { ruleSchema, type RuleConfig } from './rule-config.ts'

/** The rule that stands in for checks that no rule of the configuration names. */
export const checkFailingRule = 'check-failing'

/** Read-only images are full by nature. */
const realFileSystems = { fstype: ['!squashfs', '!iso9660', '!udf', '!erofs', '!cramfs'] }

/**
 * The rules that are on unless the configuration says otherwise. Thresholds are the users' own; each `clear` is ours, a little below, so
 * that a value at the edge does not call twice. A rule of the configuration with the same name replaces one of these.
 */
const written = {
  'cpu-high': { metric: 'cpu.usage_ratio', above: { warning: '85%' }, for: '5m', clear: '80%' },
  'memory-high': { metric: 'mem.used_ratio', above: { warning: '80%', critical: '90%' }, clear: '78%' },
  'disk-full': { metric: 'fs.used_ratio', above: { warning: '85%', critical: '95%' }, clear: '84%', where: realFileSystems },
  'inodes-full': { metric: 'fs.inodes_used_ratio', above: { warning: '90%' }, clear: '89%', where: realFileSystems },
  [checkFailingRule]: { check: '*', severity: 'critical' },
} as const

export const defaultRuleNames = Object.keys(written)

/** Every default rule has its page `docs/runbooks/<rule>.md`; a test asserts it. */
export function runbookOf(rule: string): string {
  return `docs/runbooks/${rule}.md`
}

export function defaultRules(): Record<string, RuleConfig> {
  return Object.fromEntries(Object.entries(written).map(([name, rule]) => [name, ruleSchema.parse({ ...rule, runbook: runbookOf(name) })]))
}
