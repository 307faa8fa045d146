import { findMetric, isAppGroup } from '@nightshift/shared/metrics/catalogue'
import type { Host } from '@nightshift/shared/subjects'
import { checkFailingRule, defaultRules, runbookOf } from './default-rules.ts'
import { matchesAny, matchesGlob } from './glob.ts'
import type { CheckRule, Level, MetricRule, Rule, Terms } from './rule.ts'
import type { RuleConfig } from './rule-config.ts'
import type { Severity } from './severity.ts'

export interface RulesConfig {
  readonly rules: Readonly<Record<string, RuleConfig>>
  /** All, none, or these. */
  readonly default_rules: boolean | readonly string[]
}

/** Rules by what they read, so that a message costs only the rules that it touches. */
export interface RuleBook {
  find(name: string): Rule | undefined
  /** Rules on fields of this metric group that read this host. */
  forGroup(group: string, host: Host): readonly MetricRule[]
  /** Rules on this check; the default rule only where the configuration has none. */
  forCheck(check: string, host: Host): readonly CheckRule[]
}

/** A breach of a metric that ends within a tenth of `for`, or 10 s, is told to nobody. Checks were waited for by the collector. */
const longestQuietMs = 10_000
const maxRememberedHosts = 20_000

/** The rules in force: those of the configuration, and the default ones that it neither replaces nor switches off. */
export function compileRules(config: RulesConfig): RuleBook {
  const { default_rules: wanted } = config
  const defaults = Object.entries(defaultRules()).filter(([name]) => (typeof wanted === 'boolean' ? wanted : wanted.includes(name)))
  const all = { ...Object.fromEntries(defaults), ...config.rules }
  const rules = new Map(Object.entries(all).map(([name, rule]) => [name, compileRule(name, rule)]))
  const byGroup = Map.groupBy([...rules.values()].filter(isMetricRule), (rule) => rule.group)
  const checkRules = [...rules.values()].filter(isCheckRule)
  const named = checkRules.filter((rule) => rule.name !== checkFailingRule || Object.hasOwn(config.rules, checkFailingRule))
  const fallback = checkRules.filter((rule) => !named.includes(rule))
  return {
    find: (name) => rules.get(name),
    forGroup: (group, host) => (byGroup.get(group) ?? []).filter((rule) => rule.readsHost(host)),
    forCheck: (check, host) => {
      const reads = (rule: CheckRule): boolean => rule.readsCheck(check) && rule.readsHost(host)
      const found = named.filter(reads)
      return found.length > 0 ? found : fallback.filter(reads)
    },
  }
}

function compileRule(name: string, config: RuleConfig): Rule {
  const terms: Terms = {
    forMs: config.for,
    announceAfterMs: config.metric === undefined ? 0 : Math.min(longestQuietMs, config.for / 10),
    failures: config.failures ?? 1,
  }
  const base = {
    name,
    ...terms,
    summary: config.summary ?? null,
    channels: config.channels ?? null,
    level: config.level ?? null,
    readsHost: hostFilter(config.hosts),
  }
  const { metric, check = '*' } = config
  if (metric === undefined) {
    return {
      ...base,
      kind: 'check',
      watch: `check:${check}`,
      runbook: config.runbook ?? runbookOf(checkFailingRule),
      severity: config.severity ?? 'critical',
      readsCheck: (text) => matchesGlob(check, text),
    }
  }
  return {
    ...base,
    kind: 'metric',
    watch: metric,
    runbook: config.runbook ?? null,
    ...readingOf(metric),
    labelNames: findMetric(metric)?.labels ?? null,
    direction: config.above === undefined ? 'below' : 'above',
    levels: compileLevels(config),
    readsLabels: labelFilter(config.where),
  }
}

/** What a metric's name means: `<group>.<field>`, or `app_<job>.<metric>[.<field>]`. */
function readingOf(name: string): Pick<MetricRule, 'group' | 'field' | 'item'> {
  const [group = '', metric = '', field = null] = name.split('.')
  if (!isAppGroup(group)) return { group, field: name.slice(group.length + 1), item: null }
  return { group, field: unitNameOf(metric, field), item: { metric, field } }
}

/** A name with the unit of what is read at its end: `requests_per_second` for the rate of `requests_total`. */
function unitNameOf(metric: string, field: string | null): string {
  if (field === 'rate_per_second') return `${metric.replace(/_total$/, '')}_per_second`
  return field === 'count_total' ? field : metric
}

function compileLevels(config: RuleConfig): Level[] {
  const given = config.above ?? config.below ?? {}
  const written: { readonly [S in Severity]?: number | undefined } =
    typeof given === 'number' ? { [config.severity ?? 'warning']: given } : given
  const first = written.warning ?? written.critical ?? written.info ?? 0
  const margin = config.clear === undefined ? 0 : config.clear - first
  return (['critical', 'warning', 'info'] as const).flatMap((severity) => {
    const threshold = written[severity]
    return threshold === undefined ? [] : [{ severity, threshold, clear: Number((threshold + margin).toPrecision(12)) }]
  })
}

function hostFilter(patterns: readonly string[] | undefined): (host: Host) => boolean {
  if (patterns === undefined) return () => true
  const lowered = patterns.map((pattern) => pattern.toLowerCase())
  const answers = new Map<string, boolean>()
  return (host) => {
    if (host === null) return false
    let answer = answers.get(host)
    if (answer === undefined) {
      answer = matchesAny(lowered, host)
      if (answers.size >= maxRememberedHosts) answers.clear()
      answers.set(host, answer)
    }
    return answer
  }
}

function labelFilter(where: RuleConfig['where']): (labels: Readonly<Record<string, string>>) => boolean {
  if (where === undefined) return () => true
  const wanted = Object.entries(where)
  return (labels) => wanted.every(([name, patterns]) => matchesAny(patterns, labels[name] ?? ''))
}

function isMetricRule(rule: Rule): rule is MetricRule {
  return rule.kind === 'metric'
}

function isCheckRule(rule: Rule): rule is CheckRule {
  return rule.kind === 'check'
}
