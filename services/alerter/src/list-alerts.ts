import type { Bus } from '@nightshift/shared/bus/bus'
import { isoTime } from '@nightshift/shared/clock'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import { severities } from './rules/severity.ts'
import { storedBucket, type AlertRecord } from './state/stored.ts'

/** What `ops.rpc.alerter.list` answers: the worst and oldest first, as many as fit into one message. */
export interface AlertList {
  readonly alerts: readonly (Omit<AlertEvent, 'v' | 'id' | 'time' | 'source' | 'reason'> & { readonly changed_time: string })[]
  /** How many there are, also those that did not fit. */
  readonly total: number
}

const maxBytes = 512 * 1024

/** The alerts that are pending or firing, from their records. */
export function listAlerts(records: Iterable<AlertRecord>): AlertList {
  const all = [...records].flatMap(({ series, life, last }) => {
    if (life.phase === 'ok' || last === null) return []
    const { host, rule, fingerprint, epoch, correlation_id, summary, threshold, started_time, runbook } = last.event
    const said = { host, rule, fingerprint, epoch, correlation_id, summary, threshold, started_time, runbook }
    const { phase, severity, value } = life
    return [{ ...said, phase, severity, value, labels: { ...series.labels }, changed_time: isoTime(life.changed_ms) }]
  })
  const rank = ({ phase, severity }: { phase: string; severity: AlertEvent['severity'] }): number =>
    (phase === 'firing' ? 0 : 10) + severities.indexOf(severity)
  all.sort((a, b) => rank(a) - rank(b) || (a.started_time < b.started_time ? -1 : 1))
  let room = maxBytes
  const alerts = all.filter((alert) => (room -= JSON.stringify(alert).length) > 0)
  return { alerts, total: all.length }
}

/** The same as it is stored: what a replica that stands by answers. */
export async function listStoredAlerts(bus: Bus): Promise<AlertList> {
  const records: AlertRecord[] = []
  const bucket = await bus.bucket('alerts', storedBucket)
  for await (const [, { value }] of bucket.entries()) if (value.kind === 'alert') records.push(value)
  return listAlerts(records)
}
