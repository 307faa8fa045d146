import type { SelfMetrics } from '@nightshift/shared/service/service'
import type { Counters } from './counters.ts'
import type { Shard } from './shard.ts'

/** The numbers for the heartbeat and /metrics; null for what only the replica at work knows. */
export function selfMetrics(counters: Counters, shard: Shard | undefined): SelfMetrics {
  let firing = 0
  let pending = 0
  for (const { life } of shard?.book.all() ?? []) {
    if (life?.phase === 'firing') firing++
    if (life?.phase === 'pending') pending++
  }
  return {
    alerts_firing: shard === undefined ? null : firing,
    alerts_pending: shard === undefined ? null : pending,
    alerts_overflow_total: shard?.book.overflowTotal ?? null,
    checks_known: shard?.ledger.size ?? null,
    transitions_duplicate_total: shard?.ledger.duplicatesTotal ?? null,
    notifications_waiting: shard?.waitingNotifications ?? null,
    lag_messages: shard?.lagMessages ?? null,
    messages_total: counters.messages,
    events_published_total: counters.eventsPublished,
    notifications_delivered_total: counters.notificationsDelivered,
    notifications_deferred_total: counters.notificationsDeferred,
    notifications_dead_total: counters.notificationsDead,
    gaps_total: counters.gaps,
    store_refusals_total: counters.storeRefusals,
    publish_failures_total: counters.publishFailures,
    takeovers_total: counters.takeovers,
  }
}
