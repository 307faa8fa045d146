import type { CrossCheck, Found, Problem } from '@nightshift/shared/config/cross-check'
import { didYouMean } from '@nightshift/shared/config/did-you-mean'
import { findMetric, type Metric } from '@nightshift/shared/metrics/catalogue'
import { metricProblem } from './rule-checks.ts'
import { factsInWords, isPlaceholder, placeholdersOf } from './summary-template.ts'

type Written = Readonly<Record<string, unknown>>

const labelsOfEvents: Readonly<Record<string, readonly string[]>> = { health: ['check'], backup: ['job'], heal: ['playbook'] }

/** That what a rule does with its metric makes sense: functions fit counters or gauges, divisors and labels exist, summaries can be filled in. */
export const expressionsFit: CrossCheck = (view) =>
  view.find('alerter.rules.*').flatMap((found) => {
    if (typeof found.value !== 'object' || found.value === null) return []
    const rule = found.value as Written
    const metric = typeof rule['metric'] === 'string' ? findMetric(rule['metric']) : undefined
    return [
      ...takeProblems(found, rule, metric),
      ...divisorProblems(found, rule, metric),
      ...sumProblems(found, rule, metric),
      ...summaryProblems(found, rule, metric),
    ]
  })

function takeProblems({ path }: Found, rule: Written, metric: Metric | undefined): Problem[] {
  const { take } = rule
  if (typeof take !== 'string' || metric === undefined) return []
  const name = String(rule['metric'])
  if (take === 'full_in' && !name.endsWith('_ratio')) {
    return [
      {
        path: [...path, 'take'],
        message: `${name} is no share of something, so it is never full`,
        hint: 'read the metric that ends with _ratio',
      },
    ]
  }
  const isGrowth = take === 'rate' || take === 'increase'
  if (isGrowth && metric.kind === 'gauge') {
    return [
      {
        path: [...path, 'take'],
        message: `${name} goes up and down, so it has no ${take}`,
        hint: 'write take: delta for how far it moved',
      },
    ]
  }
  if (!isGrowth && metric.kind === 'counter' && take !== 'count') {
    const hint = 'write take: increase, or take: rate for so many a second'
    return [{ path: [...path, 'take'], severity: 'warning', message: `${name} only ever grows, so its ${take} says little`, hint }]
  }
  return []
}

function divisorProblems({ path }: Found, rule: Written, metric: Metric | undefined): Problem[] {
  const { per } = rule
  const [name, at] =
    typeof per === 'object' && per !== null ? [(per as Written)['metric'], [...path, 'per', 'metric']] : [per, [...path, 'per']]
  if (typeof name !== 'string') return []
  const divisor = findMetric(name)
  if (divisor === undefined) return metricProblem({ path: at, value: name })
  if (metric === undefined || rule['by'] !== undefined || divisor.labels.length === 0) return []
  if (divisor.labels.every((label) => metric.labels.includes(label)) && divisor.labels.length === metric.labels.length) return []
  const labels = metric.labels.length === 0 ? 'none' : metric.labels.join(', ')
  return [
    {
      path: at,
      message: `${name} has the labels ${divisor.labels.join(', ')}, and ${String(rule['metric'])} has ${labels}, so none of its series belongs to another`,
      hint: 'say with by: [...] which labels they share',
    },
  ]
}

function sumProblems({ path }: Found, { by, metric: name }: Written, metric: Metric | undefined): Problem[] {
  if (!Array.isArray(by) || metric === undefined) return []
  return by.flatMap((label: unknown, index): Problem[] => {
    if (typeof label !== 'string' || metric.labels.includes(label)) return []
    const hint =
      didYouMean(label, metric.labels) ?? (metric.labels.length === 0 ? 'remove by' : `its labels are ${metric.labels.join(', ')}`)
    return [{ path: [...path, 'by', index], message: `${String(name)} has no label "${label}"`, hint }]
  })
}

function summaryProblems({ path }: Found, rule: Written, metric: Metric | undefined): Problem[] {
  const { summary } = rule
  if (typeof summary !== 'string') return []
  const labels = labelsIn(rule, metric)
  return placeholdersOf(summary).flatMap((name): Problem[] => {
    const isNumber = name === 'value' || name === 'threshold'
    if (isNumber && rule['event'] === undefined && (rule['metric'] === undefined || rule['absent'] !== undefined)) {
      return [{ path: [...path, 'summary'], message: `{${name}} is a number, and this rule measures none`, hint: 'remove it' }]
    }
    if (isPlaceholder(name, labels)) return []
    const known = [factsInWords, ...(labels ?? []).map((label) => `{${label}}`)].join(', ')
    return [{ path: [...path, 'summary'], message: `there is nothing to put in place of {${name}}`, hint: `known are ${known}` }]
  })
}

/** undefined: the labels are the user's own, so any name may be one. */
function labelsIn({ metric: name, event, absent, by }: Written, metric: Metric | undefined): readonly string[] | undefined {
  if (typeof event === 'string') return labelsOfEvents[event.split('.')[0] ?? ''] ?? []
  if (name === undefined) return ['check']
  if (absent !== undefined) return []
  if (Array.isArray(by)) return by.map(String)
  return metric?.labels
}
