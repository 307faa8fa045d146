import { formatDuration } from '@nightshift/shared/config/scalars'
import type { Host } from '@nightshift/shared/subjects'
import { compileHours } from '../hours/hours.ts'
import { checkFailingRule, runbookOf } from './default-rules.ts'
import { matchesAny, matchesGlob } from './glob.ts'
import { targetsOf, type IncidentLevelsConfig } from './incident-level.ts'
import { labelFilter, sourceOf } from './metric-source.ts'
import type { BaselineTerms, Level, MetricRule, Rule, Run } from './rule.ts'
import type { RuleConfig } from './rule-config.ts'
import type { Severity } from './severity.ts'
import type { Window } from './take.ts'
import { unitOfValue } from './unit.ts'

/** A breach of a metric that ends within a tenth of `for`, or 10 s, is told to nobody. Checks were waited for by the collector. */
const longestQuietMs = 10_000
/** How far rules on events look back when they do not say. */
const defaultEventsOverMs = 300_000
const maxRememberedHosts = 20_000

type Base = Omit<Rule, 'kind' | 'watch' | 'runbook'>

/** One rule, ready to judge. `zone` counts for hours that name none. */
export function compileRule(name: string, config: RuleConfig, zone: string, levels?: IncidentLevelsConfig): Rule {
  const { metric, check = '*' } = config
  const base: Base = {
    name,
    forMs: config.for,
    announceAfterMs: metric === undefined || config.absent !== undefined ? 0 : Math.min(longestQuietMs, config.for / 10),
    failures: config.failures ?? 1,
    keepFiringMs: config.keep_firing_for,
    summary: config.summary ?? null,
    channels: config.channels ?? null,
    level: config.level ?? null,
    targets: targetsOf(config.level ?? null, levels),
    hours: config.hours === undefined ? null : compileHours(config.hours, zone),
    readsHost: hostFilter(config.hosts),
  }
  if (config.event !== undefined) return compileEvent(base, config, config.event)
  if (config.absent !== undefined) return compileAbsence(base, config, config.absent)
  if (metric !== undefined) return compileMetric(base, config, metric, zone)
  return {
    ...base,
    kind: 'check',
    watch: `check:${check}`,
    runbook: config.runbook ?? runbookOf(checkFailingRule),
    severity: config.severity ?? 'critical',
    readsCheck: (text) => matchesGlob(check, text),
  }
}

function compileEvent(base: Base, config: RuleConfig, event: string): Rule {
  const [kind = '', what = ''] = event.split('.')
  const above = config.above ?? 0
  return {
    ...base,
    kind: 'event',
    watch: event,
    recipe: JSON.stringify([event, config.over, config.where]),
    runbook: config.runbook ?? null,
    event: { kind, what },
    overMs: config.over ?? defaultEventsOverMs,
    levels: compileLevels({ ...config, above }),
    readsLabels: labelFilter(config.where),
  }
}

function compileAbsence(base: Base, config: RuleConfig, absentMs: number): Rule {
  const { metric, check = '*' } = config
  return {
    ...base,
    kind: 'absence',
    watch: metric ?? `check:${check}`,
    runbook: config.runbook ?? null,
    severity: config.severity ?? 'critical',
    absentMs,
    source: metric === undefined ? null : sourceOf(metric, config.where),
    check: metric === undefined ? check : null,
  }
}

function compileMetric(base: Base, config: RuleConfig, metric: string, zone: string): MetricRule {
  const source = sourceOf(metric, config.where)
  const per = config.per === undefined ? null : sourceOf(config.per.metric, config.per.where)
  const window = windowOf(config)
  const watch = config.per === undefined ? metric : `${metric} per ${config.per.metric}`
  // People are told which application it is anyway.
  const named = watch.replaceAll(/(?:app|log)_\*\./g, '')
  return {
    ...base,
    ...source,
    kind: 'metric',
    watch,
    recipe: JSON.stringify([
      metric,
      config.where,
      config.take,
      config.over,
      config.per,
      config.by,
      config.times,
      config.of,
      config.baseline,
    ]),
    title: window === null || window.take === 'last' ? named : `${named} (${window.take} over ${formatDuration(window.overMs)})`,
    unit: unitOfValue(source.field, window, per?.field ?? null),
    runbook: config.runbook ?? null,
    window,
    per,
    by: config.by === undefined ? null : [...config.by, ...(source.scopeLabel === null ? [] : [source.scopeLabel])],
    run: runOf(config),
    baseline: baselineOf(config, zone),
    direction: config.below === undefined ? 'above' : 'below',
    levels: compileLevels(config),
  }
}

/** The last sample is what is judged anyway. */
function windowOf({ take, over }: RuleConfig): Window | null {
  return take === undefined || over === undefined || take === 'last' ? null : { take, overMs: over }
}

function runOf({ times, of }: RuleConfig): Run | null {
  return times === undefined || (times === 1 && (of ?? 1) === 1) ? null : { times, of: of ?? times }
}

function baselineOf({ baseline }: RuleConfig, zone: string): BaselineTerms | null {
  return baseline === undefined ? null : { weeks: baseline.weeks, side: baseline.side, atLeast: baseline.at_least, zone }
}

function compileLevels(config: RuleConfig): Level[] {
  const given = config.baseline?.factor ?? config.above ?? config.below ?? {}
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
