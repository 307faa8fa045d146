import { formatDuration } from '@nightshift/shared/config/scalars'
import type { MetricRule, Rule } from '../rules/rule.ts'
import type { Severity } from '../rules/severity.ts'
import { expandSummary, placeholdersOf } from '../rules/summary-template.ts'
import type { Series } from './fingerprint.ts'
import type { Life, Transition } from './life.ts'
import { quantityText } from './quantity-text.ts'

const maxLength = 1000

/** One line for a person: what, where, how bad. */
export function summaryOf(series: Series, rule: Rule | undefined, life: Life, transition: Transition): string {
  const line = sentenceOf(series, rule, life, transition).replaceAll(/\s+/g, ' ')
  return line.length <= maxLength ? line : `${line.slice(0, maxLength - 1)}…`
}

/** A summary with placeholders says what is wrong by itself; that it is over is said in our words. */
function sentenceOf(series: Series, rule: Rule | undefined, life: Life, transition: Transition): string {
  const fact = factOf(series, rule, life, transition)
  if (rule === undefined || rule.summary === null) return fact
  if (placeholdersOf(rule.summary).length === 0) return `${rule.summary}: ${fact}`
  if (transition.phase === 'resolved') return fact
  const known = {
    host: series.host ?? '',
    rule: rule.name,
    severity: transition.severity,
    value: textOf(rule, life.value),
    threshold: textOf(rule, thresholdOf(rule, transition.severity)),
  }
  return expandSummary(rule.summary, known, series.labels)
}

function textOf(rule: Rule, value: number | null): string {
  if (value === null) return 'unknown'
  return rule.kind === 'metric' ? quantityText(rule.unit, value) : String(value)
}

/** The threshold of a level; null for checks, and for what is judged against its past. */
export function thresholdOf(rule: Rule | undefined, severity: Severity): number | null {
  return rule?.kind === 'event' || (rule?.kind === 'metric' && rule.baseline === null)
    ? (rule.levels.find((level) => level.severity === severity)?.threshold ?? null)
    : null
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
  const [first] = rule.by ?? rule.labelNames ?? Object.keys(series.labels)
  const thing = first === undefined || series.labels[first] === undefined ? '' : ` of ${series.labels[first]}`
  const name = `${rule.title}${thing}${where}`
  if (transition.phase === 'resolved' && transition.reason?.startsWith('gone') === true) return `${name} is gone`
  const value = textOf(rule, life.value)
  if (transition.phase === 'resolved') return `${name} is ${value}`
  const threshold = thresholdOf(rule, transition.severity)
  const bound = threshold === null ? '' : `, ${rule.direction} ${textOf(rule, threshold)}`
  const usual = life.detail === null ? '' : `, ${life.detail}`
  return `${name} is ${value}${bound}${usual}${runText(rule)}${rule.forMs > 0 && transition.phase !== 'pending' ? ` for ${formatDuration(rule.forMs)}` : ''}`
}

function runText({ run }: MetricRule): string {
  if (run === null) return ''
  return run.of === run.times ? ` ${run.times} times in a row` : ` ${run.times} times of ${run.of}`
}
