import { isHealOver } from './heals.ts'
import type { Change, FleetModel } from './model.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** How long what is over stays on the page. */
export const keptMs = {
  resolvedAlert: 2 * hourMs,
  pendingAlert: 24 * hourMs,
  finishedHeal: 12 * hourMs,
  /** A run whose end was never heard of. */
  openHeal: 24 * hourMs,
  removedCheck: 10 * minuteMs,
  silentAgent: hourMs,
  silentHost: 24 * hourMs,
} as const

/** What has become too old to show. A host that is silent for a day goes, with what hangs on it; its alerts stay. */
export function sweep(model: FleetModel, nowMs: number): Change[] {
  const changes: Change[] = []
  const isOlder = (time: string, ageMs: number): boolean => nowMs - Date.parse(time) > ageMs
  for (const [id, alert] of model.alert) {
    const ageMs =
      alert.state === 'resolved' ? keptMs.resolvedAlert : alert.state === 'pending' ? keptMs.pendingAlert : Number.POSITIVE_INFINITY
    if (isOlder(alert.changed_time, ageMs)) changes.push({ kind: 'alert', id, entry: null })
  }
  for (const [id, heal] of model.heal) {
    if (isOlder(heal.changed_time, isHealOver(heal.phase) ? keptMs.finishedHeal : keptMs.openHeal))
      changes.push({ kind: 'heal', id, entry: null })
  }
  for (const [id, agent] of model.agent)
    if (isOlder(agent.last_seen_time, keptMs.silentAgent)) changes.push({ kind: 'agent', id, entry: null })
  const goneHosts = new Set<string>()
  for (const [id, host] of model.host) {
    if (host.last_seen_time !== null && isOlder(host.last_seen_time, keptMs.silentHost)) goneHosts.add(id)
  }
  for (const id of goneHosts) changes.push({ kind: 'host', id, entry: null })
  for (const [id, trend] of model.trend) if (goneHosts.has(trend.host)) changes.push({ kind: 'trend', id, entry: null })
  for (const [id, check] of model.check) {
    const isOver = check.state === 'removed' && isOlder(check.since_time, keptMs.removedCheck)
    if (isOver || goneHosts.has(check.host)) changes.push({ kind: 'check', id, entry: null })
  }
  return changes
}
