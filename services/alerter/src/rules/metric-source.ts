import { findMetric, isAppGroup, isOpenGroup } from '@nightshift/shared/metrics/catalogue'
import { matchesAny } from './glob.ts'

/** `app_<job>.<metric>.<field>` of a rule. */
export interface AppReading {
  readonly metric: string
  /** null when the rule names none: the value, or the mean of what has no single value. */
  readonly field: string | null
}

/** Labels a series must have: patterns by name of the label. */
export type Where = Readonly<Record<string, readonly string[]>>

/** Which series of which messages the name of a metric stands for. */
export interface MetricSource {
  readonly group: string
  /** Its end says the unit. */
  readonly field: string
  /** In a group of an application: which of its items are read; null in the groups of the catalogue, whose items have no names. */
  readonly item: AppReading | null
  /** The label that says which group of a family, or which check, a message is about; null for a group that stands for itself. */
  readonly scopeLabel: ScopeLabel | null
  /** Labels that tell its series apart; null for a group whose labels are the user's own. */
  readonly labelNames: readonly string[] | null
  readsLabels(labels: Readonly<Record<string, string>>): boolean
}

type ScopeLabel = 'job' | 'source' | 'check'

/** Groups that stand for many. Their messages come one by one, so each is seen, and missed, by itself. */
const scopeLabels: Readonly<Record<string, ScopeLabel>> = { 'app_*': 'job', 'log_*': 'source', check: 'check' }

/** The label that tells the messages apart which a rule on this metric reads. */
export function scopeLabelOf(name: string): ScopeLabel | null {
  return scopeLabels[name.slice(0, name.indexOf('.'))] ?? null
}

/** `app_*` for the group of an application, `log_*` for that of a log: rules on it read them all. */
export function familyOf(group: string): string | undefined {
  if (isAppGroup(group)) return 'app_*'
  return isOpenGroup(group) ? 'log_*' : undefined
}

/** What a metric's name means: `<group>.<field>`, or `app_<job>.<metric>[.<field>]`. */
export function sourceOf(name: string, where: Where | undefined): MetricSource {
  const [group = '', metric = '', field = null] = name.split('.')
  const series = { scopeLabel: scopeLabelOf(name), labelNames: findMetric(name)?.labels ?? null, readsLabels: labelFilter(where) }
  if (!isAppGroup(group) && group !== 'app_*') return { group, field: name.slice(group.length + 1), item: null, ...series }
  return { group, field: unitNameOf(metric, field), item: { metric, field }, ...series }
}

/** A name with the unit of what is read at its end: `requests_per_second` for the rate of `requests_total`. */
function unitNameOf(metric: string, field: string | null): string {
  if (field === 'rate_per_second') return `${metric.replace(/_total$/, '')}_per_second`
  return field === 'count_total' ? field : metric
}

/** Whether labels are as a rule wants them. */
export function labelFilter(where: Where | undefined): (labels: Readonly<Record<string, string>>) => boolean {
  if (where === undefined) return () => true
  const wanted = Object.entries(where)
  return (labels) => wanted.every(([name, patterns]) => matchesAny(patterns, labels[name] ?? ''))
}
