import { parseDuration, parsePercentage } from '@nightshift/shared/config/scalars'
import { bindingOf, type AppMetrics, type Binding, type Subject } from './app-metrics.ts'
import type { RuleInput } from './rule-input.ts'

type Levels = number | string | { readonly warning?: number | string; readonly critical?: number | string }

/** A rule on what an application says of itself: thresholds in ratios, seconds and bytes, whatever the application counts in. */
export interface ApplicationRule extends Omit<RuleInput, 'metric' | 'above' | 'below' | 'clear'> {
  readonly reads: Subject
  readonly above?: Levels
  readonly below?: Levels
  readonly clear?: number | string
  /** Jobs that this subject names are left to the rule on it. */
  readonly unless?: Subject
  /** Says nothing about any job that the mapping does not name. */
  readonly onlyNamedJobs?: true
  readonly inOperatingHours?: true
}

export type ApplicationPack = Readonly<Record<string, ApplicationRule>>

/** The thresholds are the users' own; each `clear` is ours. */
export const applicationRules = {
  'app-response-slow': {
    level: 2,
    reads: 'response_time',
    unless: 'llm_response_time',
    take: 'avg',
    over: '5m',
    above: { warning: '100ms', critical: '500ms' },
    clear: '90ms',
  },
  'app-llm-response-slow': {
    level: 2,
    reads: 'llm_response_time',
    onlyNamedJobs: true,
    take: 'avg',
    over: '5m',
    above: { warning: '3s', critical: '5s' },
    clear: '2800ms',
  },
  'app-request-slow': { level: 2, reads: 'request_time', take: 'avg', over: '5m', above: { warning: '1s' }, clear: '900ms' },
  'app-errors-high': { level: 3, reads: 'error_rate', take: 'avg', over: '5m', above: { warning: '1%', critical: '5%' }, clear: '0.8%' },
  'app-connections-high': { reads: 'connections', above: { warning: 1000, critical: 2000 }, clear: 950 },
  'app-frames-low': { reads: 'frames', take: 'rate', over: '1m', below: { warning: 10 }, clear: 11 },
  'app-websockets-none': { reads: 'websockets', by: [], below: { warning: 1 }, for: '1m', inOperatingHours: true },
  'app-events-slow': { level: 2, reads: 'event_time', above: { warning: '5s' }, clear: '4s' },
  'app-db-writes-failing': { reads: 'db_write_failures', above: { critical: 4 }, clear: 0 },
  'app-snapshots-failing': { reads: 'snapshot_failures', above: { warning: 9 }, clear: 0 },
  'app-process-memory-high': { reads: 'process_memory', per: 'mem.available_bytes', above: { warning: '80%' }, clear: '75%' },
} as const satisfies ApplicationPack

/** An application rule as a rule of the configuration; undefined when the mapping says that nobody wants to know. */
export function bind(rule: ApplicationRule, mapping: AppMetrics, hours: RuleInput['hours']): RuleInput | undefined {
  const { reads, unless, onlyNamedJobs, inOperatingHours, above, below, clear, ...rest } = rule
  const binding = bindingOf(reads, mapping[reads])
  if (binding === undefined || (onlyNamedJobs === true && binding.jobs === undefined)) return undefined
  const jobs = [...(binding.jobs ?? []), ...(unless === undefined ? [] : excluded(mapping, unless))]
  return {
    ...rest,
    metric: binding.metric,
    ...(binding.per === undefined ? {} : { per: binding.per, take: 'increase', over: '5m' }),
    ...(above === undefined ? {} : { above: inUnit(above, binding) }),
    ...(below === undefined ? {} : { below: inUnit(below, binding) }),
    ...(clear === undefined ? {} : { clear: numberIn(clear, binding) }),
    ...(jobs.length === 0 ? {} : { where: { job: jobs } }),
    ...(inOperatingHours === true && hours !== undefined ? { hours } : {}),
    ...(binding.factor === 1 ? {} : { summary: `In ${binding.unit === 'percent' ? 'percent' : 'milliseconds'}` }),
  }
}

function excluded(mapping: AppMetrics, subject: Subject): string[] {
  const jobs = bindingOf(subject, mapping[subject])?.jobs ?? []
  return jobs.map((job) => (job.startsWith('!') ? job.slice(1) : `!${job}`))
}

function inUnit(levels: Levels, binding: Binding): NonNullable<RuleInput['above']> {
  if (typeof levels !== 'object') return numberIn(levels, binding)
  return Object.fromEntries(Object.entries(levels).map(([level, value]) => [level, numberIn(value, binding)]))
}

function numberIn(value: number | string, { factor }: Binding): number {
  const base = typeof value === 'number' ? value : (parsePercentage(value) ?? (parseDuration(value) ?? Number.NaN) / 1000)
  return Number((base * factor).toPrecision(12))
}
