import { formatDuration } from '@nightshift/shared/config/scalars'
import type { MetricRule, Rule } from '../rules/rule.ts'
import type { Severity } from '../rules/severity.ts'
import type { Series } from './fingerprint.ts'
import type { Life, Transition } from './life.ts'
import { quantityText } from './quantity-text.ts'

const maxLength = 1000

/** One line for a person: what, where, how bad. */
export function summaryOf(series: Series, rule: Rule | undefined, life: Life, transition: Transition): string {
  const own = rule?.summary === null || rule === undefined ? '' : `${rule.summary}: `
  const line = `${own}${factOf(series, rule, life, transition)}`.replaceAll(/\s+/g, ' ')
  return line.length <= maxLength ? line : `${line.slice(0, maxLength - 1)}…`
}

/** The threshold of a level; null for checks. */
export function thresholdOf(rule: Rule | undefined, severity: Severity): number | null {
  return rule?.kind === 'metric' ? (rule.levels.find((level) => level.severity === severity)?.threshold ?? null) : null
}

function factOf(series: Series, rule: Rule | undefined, life: Life, transition: Transition): string {
  const where = series.host === null ? '' : ` on ${series.host}`
  const check = series.labels['check']
  const isOver = transition.phase === 'resolved'
  if (rule?.kind === 'metric') return metricFact(series, rule, life, transition, where)
  if (rule?.kind === 'check' && check !== undefined) {
    if (isOver) return transition.reason === 'check removed' ? `${check}${where} is not checked any more` : `${check}${where} is ok`
    return `${check}${where} is failing${life.detail === null ? '' : `: ${life.detail}`}`
  }
  return life.detail ?? `${series.watch}${where}: ${transition.reason ?? transition.phase}`
}

function metricFact(series: Series, rule: MetricRule, life: Life, transition: Transition, where: string): string {
  const [first] = rule.labelNames ?? Object.keys(series.labels)
  const thing = first === undefined || series.labels[first] === undefined ? '' : ` of ${series.labels[first]}`
  const name = `${rule.watch}${thing}${where}`
  if (transition.phase === 'resolved' && transition.reason?.startsWith('gone') === true) return `${name} is gone`
  const value = life.value === null ? 'unknown' : quantityText(rule.field, life.value)
  if (transition.phase === 'resolved') return `${name} is ${value}`
  const threshold = thresholdOf(rule, transition.severity)
  const bound = threshold === null ? '' : `, ${rule.direction} ${quantityText(rule.field, threshold)}`
  return `${name} is ${value}${bound}${rule.forMs > 0 && transition.phase !== 'pending' ? ` for ${formatDuration(rule.forMs)}` : ''}`
}
