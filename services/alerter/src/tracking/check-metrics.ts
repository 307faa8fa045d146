import type { CheckEvent } from '@nightshift/shared/events/check'
import type { MetricEvent } from '@nightshift/shared/events/metric'

/**
 * The numbers of a check as a metric that rules can read, `check.latency_seconds` or `check.cert_expires_seconds`. undefined: a run that
 * failed does not say this number, which then is not gone.
 */
export function checkMetrics(event: CheckEvent, field: string): MetricEvent | undefined {
  const { v, id, time, host, source, correlation_id, check, kind, detail } = event
  const value = field === 'latency_seconds' ? event.latency_seconds : detail[field]
  const isNumber = typeof value === 'number' || value === null
  if (!isNumber && event.ok !== true) return undefined
  const items = [{ check, kind, ...(isNumber ? { [field]: value } : {}) }]
  return { v, id, time, host, source, correlation_id, group: 'check', items }
}
