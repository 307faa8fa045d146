import type { Host } from '@nightshift/shared/subjects'
import { compileRule } from './compile-rule.ts'
import { checkFailingRule, defaultRules, type PackConfig } from './default-rules.ts'
import type { IncidentLevelsConfig } from './incident-level.ts'
import { familyOf } from './metric-source.ts'
import type { AbsenceRule, CheckRule, EventRule, MetricRule, Rule } from './rule.ts'
import type { RuleConfig } from './rule-config.ts'

export interface RulesConfig extends PackConfig {
  readonly rules: Readonly<Record<string, RuleConfig>>
  /** All, none, or these. */
  readonly default_rules: boolean | readonly string[]
  readonly incident_levels?: IncidentLevelsConfig
}

/** Rules by what they read, so that a message costs only the rules that it touches. */
export interface RuleBook {
  find(name: string): Rule | undefined
  /** Rules that judge fields of this metric group, and read this host. */
  forGroup(group: string, host: Host): readonly MetricRule[]
  /** Rules that divide by a field of this metric group, and read this host. */
  dividingBy(group: string, host: Host): readonly MetricRule[]
  /** Rules on this check; those that come with Nightshift only where the configuration has none, and `check-failing` where they have none. */
  forCheck(check: string, host: Host): readonly CheckRule[]
  readonly metricRules: readonly MetricRule[]
  readonly checkRules: readonly CheckRule[]
  readonly absenceRules: readonly AbsenceRule[]
  readonly eventRules: readonly EventRule[]
}

const none: readonly MetricRule[] = []

/**
 * The rules in force: those of the configuration, and the default ones that it neither replaces nor switches off. `zone` counts for hours
 * that name none.
 */
export function compileRules(config: RulesConfig, zone = 'UTC'): RuleBook {
  const { default_rules: wanted } = config
  const defaults = Object.entries(defaultRules(config)).filter(([name]) => (typeof wanted === 'boolean' ? wanted : wanted.includes(name)))
  const all = { ...Object.fromEntries(defaults), ...config.rules }
  const rules = new Map(Object.entries(all).map(([name, rule]) => [name, compileRule(name, rule, zone, config.incident_levels)]))
  const metricRules = [...rules.values()].filter((rule) => rule.kind === 'metric')
  const byGroup = Map.groupBy(metricRules, (rule) => rule.group)
  const byDivisor = Map.groupBy(
    metricRules.filter((rule) => rule.per !== null),
    (rule) => rule.per?.group ?? '',
  )
  const checkRules = [...rules.values()].filter((rule) => rule.kind === 'check')
  const named = checkRules.filter((rule) => Object.hasOwn(config.rules, rule.name))
  const special = checkRules.filter((rule) => !named.includes(rule) && rule.name !== checkFailingRule)
  const fallback = checkRules.filter((rule) => !named.includes(rule) && rule.name === checkFailingRule)
  const reading = (index: ReadonlyMap<string, readonly MetricRule[]>, group: string, host: Host): readonly MetricRule[] => {
    const own = index.get(group) ?? none
    const family = index.get(familyOf(group) ?? '') ?? none
    const found = family.length === 0 ? own : [...own, ...family]
    return found.length === 0 ? found : found.filter((rule) => rule.readsHost(host))
  }
  return {
    find: (name) => rules.get(name),
    forGroup: (group, host) => reading(byGroup, group, host),
    dividingBy: (group, host) => reading(byDivisor, group, host),
    forCheck: (check, host) => {
      const reads = (rule: CheckRule): boolean => rule.readsCheck(check) && rule.readsHost(host)
      const first = [named, special].map((rules) => rules.filter(reads)).find((found) => found.length > 0)
      return first ?? fallback.filter(reads)
    },
    metricRules,
    checkRules,
    absenceRules: [...rules.values()].filter((rule) => rule.kind === 'absence'),
    eventRules: [...rules.values()].filter((rule) => rule.kind === 'event'),
  }
}
