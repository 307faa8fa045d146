import type { SelfMetrics } from '@nightshift/shared/service/service'
import type { IntegrityRow } from './jobs/integrity-checks.ts'
import type { JobRow } from './jobs/job-rows.ts'
import type { JobRunner } from './jobs/job-runner.ts'

/** What the service says about itself: in its heartbeat, and as `nightshift_backup_<name>`. Totals count from the start of the process. */
export function backupMetrics(rows: readonly JobRow[], databases: readonly IntegrityRow[], runner: JobRunner, queued: number): SelfMetrics {
  const ages = rows.flatMap(({ rpo_seconds: age }) => age ?? [])
  return {
    jobs: rows.length,
    jobs_failing: rows.filter(({ state }) => state === 'failing').length,
    jobs_never_run: rows.filter(({ last_time: last }) => last === null).length,
    jobs_rpo_missed: rows.filter(({ rpo_met: met }) => met === false).length,
    jobs_rto_missed: rows.filter(({ rto_met: met }) => met === false).length,
    jobs_short_of_copies: rows.filter(({ copies }) => !copies.rule_met).length,
    oldest_snapshot_seconds: ages.length === 0 ? null : Math.max(...ages),
    databases_damaged: databases.filter(({ state }) => state === 'damaged').length,
    runs_queued: queued,
    runs_completed_total: runner.counts.completed,
    runs_failed_total: runner.counts.failed,
    added_bytes_total: runner.counts.addedBytes,
    events_refused_total: runner.counts.publishFailures,
  }
}
