import type { ConfigView, CrossCheck, Found, Problem } from '@nightshift/shared/config/cross-check'
import { didYouMean } from '@nightshift/shared/config/did-you-mean'
import { appFieldsInWords, isAppField } from '@nightshift/shared/metrics/app-item'
import { findMetric, isAppGroup, isOpenGroup, listMetrics } from '@nightshift/shared/metrics/catalogue'
import { scopeLabelOf } from './metric-source.ts'

/** Every metric that a rule names must be in the catalogue, and so must the labels it asks for; those of an application must be possible. */
export const metricsExist: CrossCheck = (view) => {
  const jobs = view.names('collector.scrape') ?? []
  return view.find('alerter.rules.*.metric').flatMap((found) => {
    const group = typeof found.value === 'string' ? (found.value.split('.')[0] ?? '') : ''
    return isAppGroup(group) || group === 'app_*' ? [...appProblems(found, jobs), ...percentProblems(view, found)] : metricProblem(found)
  })
}

export const labelsExist: CrossCheck = (view) =>
  view.find('alerter.rules.*.metric').flatMap(({ path, value }) => {
    const metric = typeof value === 'string' ? findMetric(value) : undefined
    if (metric === undefined) return []
    const where = view.find(`${path.slice(0, -1).join('.')}.where`)[0]?.value
    if (typeof where !== 'object' || where === null) return []
    return Object.keys(where).flatMap((label): Problem[] => {
      if (metric.labels.includes(label)) return []
      const hint =
        didYouMean(label, metric.labels) ?? (metric.labels.length === 0 ? 'remove where' : `its labels are ${metric.labels.join(', ')}`)
      return [{ path: [...path.slice(0, -1), 'where', label], message: `${String(value)} has no label "${label}"`, hint }]
    })
  })

/** A job that is not here may run on another host, so that is only a warning, and none at all where no jobs are known. */
function appProblems({ path, value }: Found, jobs: readonly string[]): Problem[] {
  const [group = '', , field] = String(value).split('.')
  if (field !== undefined && !isAppField(field)) {
    return [{ path, message: `an application's metric has no "${field}"`, hint: `it has ${appFieldsInWords}` }]
  }
  const job = group.slice('app_'.length)
  if (jobs.length === 0 || job === '*' || jobs.includes(job)) return []
  const hint = didYouMean(job, jobs) ?? 'that is right when another host has it'
  return [{ path, severity: 'warning', message: `there is no job "${job}" in collector.scrape`, hint }]
}

/** 85% is 0.85, and a metric that counts to 100 is nearly always above that. */
function percentProblems(view: ConfigView, { path, value }: Found): Problem[] {
  if (!/_percent(?:\.|$)/.test(String(value))) return []
  const rule = path.slice(0, -1).join('.')
  const thresholds = ['above', 'below', 'clear', 'above.*', 'below.*'].flatMap((key) => view.find(`${rule}.${key}`))
  return thresholds.flatMap((found): Problem[] => {
    if (typeof found.value !== 'string' || !found.value.endsWith('%')) return []
    const written = found.value.slice(0, -1).trim()
    return [
      { path: found.path, message: `${found.value} is ${Number(written) / 100}, and this metric counts to 100`, hint: `write ${written}` },
    ]
  })
}

/** That the catalogue has a metric, or can have it. */
export function metricProblem({ path, value }: Found): Problem[] {
  const [group, field] = typeof value === 'string' ? value.split('.') : []
  if (typeof value !== 'string' || group === undefined || field === undefined) return []
  if (isOpenGroup(group) || scopeLabelOf(value) !== null || findMetric(value) !== undefined) return []
  const names = listMetrics().map((metric) => `${metric.group}.${metric.field}`)
  return [{ path, message: `there is no metric "${value}"`, hint: didYouMean(value, names) ?? 'docs/metrics.md lists them all' }]
}
