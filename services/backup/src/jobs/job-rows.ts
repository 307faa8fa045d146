import { isoTime } from '@nightshift/shared/clock'
import type { BackupConfig } from '../config.ts'
import type { BackupState } from './job-state.ts'
import { judgeObjectives } from './objectives.ts'
import type { RunProgress } from './progress.ts'
import { judgeCopies } from './three-two-one.ts'

/** How a job stands, as people and programs read it. */
export interface JobRow {
  job: string
  kind: string
  to: string[]
  state: 'running' | 'waiting' | 'ok' | 'failing' | 'never'
  next_due: string | null
  last_time: string | null
  last_name: string | null
  last_snapshot: string | null
  last_size_bytes: number | null
  last_added_bytes: number | null
  last_duration_seconds: number | null
  failures: number
  error: string | null
  rpo_seconds: number | null
  rpo_met: boolean | null
  rto_seconds: number | null
  rto_met: boolean | null
  copies: { good: number; media: number; off_site: number; rule_met: boolean }
  progress: { step: string; done_bytes: number | null; total_bytes: number | null } | null
}

interface Known {
  readonly config: BackupConfig
  readonly state: BackupState
  readonly nextDue: (job: string) => string | null
  readonly isWaiting: (job: string) => boolean
  readonly under: { job: string; progress: RunProgress | undefined } | undefined
}

/** All jobs of the configuration, in its order. Pure. */
export function jobRows({ config, state, nextDue, isWaiting, under }: Known, nowMs: number): JobRow[] {
  return Object.entries(config.jobs).map(([job, { source, to, rpo, rto }]): JobRow => {
    const record = state.jobs[job]
    const good = record?.lastGood ?? null
    const isRunning = under?.job === job
    const objectives = { rpoMs: rpo ?? null, rtoMs: rto ?? null }
    const standing = judgeObjectives(
      objectives,
      { contentMs: good?.startedMs ?? null, restoreSeconds: record?.restoreSeconds ?? null },
      nowMs,
    )
    const names = to ?? Object.keys(config.destinations)
    const places = names.flatMap((name) => {
      const destination = config.destinations[name]
      const mark = record?.destinations[name]
      return destination === undefined || mark?.error !== null ? [] : [{ name, medium: destination.kind, isOffSite: destination.off_site }]
    })
    const rule = judgeCopies(places)
    const progress = isRunning ? under.progress : undefined
    return {
      job,
      kind: source.kind,
      to: names,
      state: isRunning ? 'running' : isWaiting(job) ? 'waiting' : (record?.failures ?? 0) > 0 ? 'failing' : good === null ? 'never' : 'ok',
      next_due: nextDue(job),
      last_time: good === null ? null : isoTime(good.startedMs),
      last_name: good?.name ?? null,
      last_snapshot: good?.snapshot ?? null,
      last_size_bytes: good?.sizeBytes ?? null,
      last_added_bytes: good?.addedBytes ?? null,
      last_duration_seconds: good === null ? null : good.durationMs / 1000,
      failures: record?.failures ?? 0,
      error: record?.lastError ?? null,
      rpo_seconds: standing.rpoSeconds,
      rpo_met: standing.rpoMet,
      rto_seconds: standing.rtoSeconds,
      rto_met: standing.rtoMet,
      copies: { good: rule.copies, media: rule.media, off_site: rule.offSite, rule_met: rule.isMet },
      progress: progress === undefined ? null : { step: progress.step, done_bytes: progress.doneBytes, total_bytes: progress.totalBytes },
    }
  })
}
