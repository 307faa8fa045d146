import type { SelfMetrics } from '@nightshift/shared/service/service'
import type { Counters } from './counters.ts'
import type { Life } from './alert/life.ts'
import type { Shard } from './shard.ts'

/** The numbers for the heartbeat and /metrics; null for what only a replica at work knows. */
export function selfMetrics(counters: Counters, shards: readonly Shard[]): SelfMetrics {
  const sum = (count: (shard: Shard) => number): number | null =>
    shards.length === 0 ? null : shards.reduce((total, shard) => total + count(shard), 0)
  return {
    shards_owned: shards.length,
    alerts_firing: sum((shard) => countIn(shard, 'firing')),
    alerts_pending: sum((shard) => countIn(shard, 'pending')),
    alerts_overflow_total: sum(({ book }) => book.overflowTotal),
    series_kept: sum(({ engine }) => engine.values.store.size),
    series_overflow_total: sum(({ engine }) => engine.values.store.overflowTotal + engine.baselines.overflowTotal),
    checks_known: sum(({ ledger }) => ledger.size),
    transitions_duplicate_total: sum(({ ledger }) => ledger.duplicatesTotal),
    notifications_waiting: sum((shard) => shard.waitingNotifications),
    lag_messages: sum((shard) => shard.lagMessages),
    messages_total: counters.messages,
    events_published_total: counters.eventsPublished,
    notifications_delivered_total: counters.notificationsDelivered,
    notifications_deferred_total: counters.notificationsDeferred,
    notifications_dead_total: counters.notificationsDead,
    gaps_total: counters.gaps,
    store_refusals_total: counters.storeRefusals,
    publish_failures_total: counters.publishFailures,
    takeovers_total: counters.takeovers,
    dead_man_pings_total: counters.deadManPings,
    dead_man_failures_total: counters.deadManFailures,
  }
}

function countIn({ book }: Shard, phase: Life['phase']): number {
  let count = 0
  for (const { life } of book.all()) if (life?.phase === phase) count++
  return count
}
