import type { SelfMetrics } from '@nightshift/shared/service/service'
import type { RunnerStats } from './checks/runs/check-runner.ts'
import type { GroupReader } from './groups/group-reader.ts'
import type { HealthBook } from './health/health-book.ts'

/** What the collector says about itself, in its heartbeat and on /metrics. What the process and the bus cost is added by the lifecycle. */
export function selfMetrics(
  readers: readonly Pick<GroupReader, 'group' | 'stats'>[],
  checks: { size: number; stats: RunnerStats },
  health: ReturnType<HealthBook['counts']>,
): SelfMetrics {
  const metrics: SelfMetrics = {
    groups: readers.length,
    checks: checks.size,
    checks_failing: health.failing,
    check_runs_total: checks.stats.runs,
    check_timeouts_total: checks.stats.timeouts,
    check_skips_total: checks.stats.skips,
    health_published_total: health.published,
    health_pending: health.pending,
    health_compacted_total: health.compacted,
  }
  for (const { group, stats } of readers) {
    metrics[`${group}_looks_total`] = stats.looks
    metrics[`${group}_look_seconds`] = stats.lastSeconds
    metrics[`${group}_errors_total`] = stats.errors
    metrics[`${group}_skips_total`] = stats.skips
    metrics[`${group}_over_budget_total`] = stats.overBudget
    if (stats.stretch !== undefined) metrics[`${group}_stretch`] = stats.stretch
    if (stats.overflow > 0) metrics[`${group}_overflow_items`] = stats.overflow
    if (stats.unreadable > 0) metrics[`${group}_unreadable_items`] = stats.unreadable
  }
  return metrics
}
