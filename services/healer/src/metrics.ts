import type { Reader } from '@nightshift/shared/bus/bus'
import type { SelfMetrics } from '@nightshift/shared/service/service'
import type { HealDriver } from './playbook/driver.ts'

/** What the healer says about itself: in its heartbeat, and as `nightshift_healer_<name>`. Totals count from the start of the process, `_day` the last 24 h. */
export function healerMetrics(driver: HealDriver, reader: Reader, playbooks: number): SelfMetrics {
  const runs = Object.values(driver.state.runs)
  const ended = driver.state.ended
  const count = (phase: string): number => ended.filter((run) => run.phase === phase).length
  return {
    playbooks,
    runs_active: runs.length,
    runs_held: runs.filter((run) => run.phase === 'held').length,
    runs_recovered_day: count('recovered'),
    runs_escalated_day: count('escalated'),
    acts_total: driver.counts.acts,
    acts_failed_total: driver.counts.actsFailed,
    transitions_total: reader.handled,
    transitions_duplicate_total: driver.counts.duplicates,
    transitions_dead_total: reader.deadLettered,
    transitions_pending: reader.pending,
    outbox_events: driver.state.outbox.length,
    events_refused_total: driver.refusedEvents,
  }
}
