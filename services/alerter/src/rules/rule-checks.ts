import type { CrossCheck, Found, Problem } from '@nightshift/shared/config/cross-check'
import { didYouMean } from '@nightshift/shared/config/did-you-mean'
import { findGroup, findMetric, isOpenGroup, listMetrics } from '@nightshift/shared/metrics/catalogue'

/** Every metric that a rule names must be in the catalogue, and so must the labels it asks for. */
export const metricsExist: CrossCheck = (view) => view.find('alerter.rules.*.metric').flatMap(metricProblem)

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

function metricProblem({ path, value }: Found): Problem[] {
  const [group, field] = typeof value === 'string' ? value.split('.') : []
  if (typeof value !== 'string' || group === undefined || field === undefined) return []
  if (isOpenGroup(group) || findMetric(value) !== undefined) return []
  if (findGroup(group)?.status === 'reserved') {
    return [{ path, message: `nothing measures ${group} yet`, hint: 'docs/metrics.md lists what is measured' }]
  }
  const names = listMetrics().map((metric) => `${metric.group}.${metric.field}`)
  return [{ path, message: `there is no metric "${value}"`, hint: didYouMean(value, names) ?? 'docs/metrics.md lists them all' }]
}
