import { alertStates, type AlertState } from '../../explain/alert-states.ts'
import type { Standing } from '../../explain/standing.ts'
import { listAlerts, type AlertList } from '../../list-alerts.ts'

/** An alert as `nightshift alerts` shows it. */
export type SeenAlert = AlertList['alerts'][number] & AlertState

/** What is pending or firing, with what is done about it. */
export function alertsAt(standing: Standing): SeenAlert[] {
  return listAlerts(standing.records, alertStates(standing)).alerts.map((alert) => ({ muted: null, acked: null, ...alert }))
}
