import type { SelfMetrics } from '@nightshift/shared/service/service'
import type { Viewers } from './console/viewers.ts'
import type { Fleet } from './fleet/fleet.ts'
import type { BusFollower } from './follow-bus.ts'

/** What the reporter says about itself: in its heartbeat, and as `nightshift_reporter_<name>`. */
export function reporterMetrics(fleet: Fleet, viewers: Viewers, follower: BusFollower): SelfMetrics {
  const { model } = fleet
  const { handled, deadLettered, skipped, pending } = follower.counts()
  return {
    messages_total: handled,
    messages_dead_total: deadLettered,
    messages_skipped_total: skipped,
    messages_pending: pending,
    hosts: model.host.size,
    checks: model.check.size,
    alerts: model.alert.size,
    heals: model.heal.size,
    agents: model.agent.size,
    events: model.event.size,
    entries_dropped_total: Object.values(fleet.dropped).reduce((total, count) => total + count, 0),
    viewers: viewers.count,
    viewers_total: viewers.opened,
    viewers_refused_total: viewers.refused,
    viewers_cut_off_total: viewers.cutOff,
    viewer_keys_pending_max: viewers.maxPending,
  }
}
