import { isoTime } from '@nightshift/shared/clock'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { AlertState } from './explain/alert-states.ts'
import { severities } from './rules/severity.ts'
import type { AlertRecord } from './state/stored.ts'

/** What `ops.rpc.alerter.list` answers: the worst and oldest first, as many as fit into one message. */
export interface AlertList {
  readonly alerts: readonly (Omit<AlertEvent, 'v' | 'id' | 'time' | 'source' | 'reason'> &
    Partial<AlertState> & { readonly changed_time: string })[]
  /** How many there are, also those that did not fit. */
  readonly total: number
}

const maxBytes = 512 * 1024

/** The alerts that are pending or firing, from their records, with their states when these are asked for. */
export function listAlerts(records: Iterable<AlertRecord>, stateOf?: (event: AlertEvent) => AlertState): AlertList {
  const all = [...records].flatMap(({ series, life, last }) => {
    if (life.phase === 'ok' || last === null) return []
    const { host, rule, fingerprint, epoch, correlation_id, summary, threshold, started_time, runbook } = last.event
    const said = { host, rule, fingerprint, epoch, correlation_id, summary, threshold, started_time, runbook }
    const { phase, severity, value } = life
    const state = stateOf?.({ ...last.event, severity })
    return [{ ...said, phase, severity, value, labels: { ...series.labels }, changed_time: isoTime(life.changed_ms), ...state }]
  })
  const rank = ({ phase, severity }: { phase: string; severity: AlertEvent['severity'] }): number =>
    (phase === 'firing' ? 0 : 10) + severities.indexOf(severity)
  all.sort((a, b) => rank(a) - rank(b) || (a.started_time < b.started_time ? -1 : 1))
  let room = maxBytes
  const alerts = all.filter((alert) => (room -= JSON.stringify(alert).length) > 0)
  return { alerts, total: all.length }
}
