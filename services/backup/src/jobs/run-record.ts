import { describeError, type NightshiftError } from '@nightshift/shared/errors'
import type { ArchiveResult } from '../archive/archive.ts'
import type { BackupFacts } from './backup-event.ts'
import type { DestinationMark, JobRecord } from './job-state.ts'
import type { RunOutcome } from './perform-run.ts'
import type { QueuedRun, Trigger } from './queue.ts'

/** What is known of a job when a run begins. Pure, like all here. */
export function recordOfStart(record: JobRecord, { run, trigger }: Pick<QueuedRun, 'run' | 'trigger'>, nowMs: number): JobRecord {
  return {
    ...record,
    // On request or on change it went besides its schedule.
    slotMs: isPlanned(trigger) ? nowMs : record.slotMs,
    retryMs: null,
    attempt: trigger === 'retry' ? record.attempt + 1 : 1,
    running: { run, startedMs: nowMs, trigger },
  }
}

function isPlanned(trigger: Trigger): boolean {
  return trigger === 'schedule' || trigger === 'catch_up' || trigger === 'retry'
}

/** What is known when a run failed: what may pass later is tried again, as often as the job says. */
export function recordOfFailure(
  record: JobRecord,
  error: NightshiftError,
  retry: { attempts: number; backoff: readonly number[] },
  nowMs: number,
): JobRecord {
  const isWorthIt = error.transient && record.attempt < retry.attempts
  const waitMs = retry.backoff[Math.min(Math.max(0, record.attempt - 1), retry.backoff.length - 1)] ?? 0
  return {
    ...record,
    running: null,
    failures: record.failures + 1,
    retryMs: isWorthIt ? nowMs + waitMs : null,
    lastFinishedMs: nowMs,
    lastError: describeError(error).slice(0, 2048),
  }
}

/** What is known when a run left a good snapshot. */
export function recordOfSuccess(
  record: JobRecord,
  about: { run: string; name: string; startedMs: number },
  outcome: RunOutcome,
  nowMs: number,
): JobRecord {
  const marks = outcome.destinations.map(({ name, snapshot, error }): [string, DestinationMark] => {
    const before = record.destinations[name]
    return [
      name,
      error === null ? { snapshot, atMs: nowMs, error } : { snapshot: before?.snapshot ?? null, atMs: before?.atMs ?? null, error },
    ]
  })
  return {
    ...record,
    running: null,
    retryMs: null,
    failures: 0,
    lastFinishedMs: nowMs,
    lastError: null,
    lastVerifiedMs: nowMs,
    lastGood: {
      ...about,
      snapshot: outcome.snapshot.id,
      durationMs: Math.round(outcome.durationMs),
      sizeBytes: outcome.archived.bytesProcessed,
      addedBytes: outcome.archived.addedBytes,
    },
    destinations: Object.fromEntries(marks),
  }
}

/** What the event of a completed run says. */
export function completedFacts(
  outcome: RunOutcome,
  about: { name: string; trigger: Trigger; attempt: number; announce: boolean },
): BackupFacts {
  const { archived, destinations } = outcome
  const troubles = destinations.flatMap(({ name, error }) => (error === null ? [] : [`${name}: ${error}`]))
  if (archived.unreadCount > 0) troubles.push(unreadText(archived))
  return {
    phase: 'completed',
    ...about,
    // What changes all day is not worth a line each time.
    announce: about.announce && about.trigger !== 'change',
    snapshot: outcome.snapshot.id,
    size_bytes: archived.bytesProcessed,
    added_bytes: archived.addedBytes,
    duration_seconds: outcome.durationMs / 1000,
    files: archived.filesNew + archived.filesChanged + archived.filesUnmodified,
    skipped: archived.skippedCount,
    encrypted: true,
    stored_bytes: destinations[0]?.storedBytes ?? null,
    free_bytes: destinations[0]?.freeBytes ?? null,
    removed_snapshots: destinations.reduce((sum, { forgotten }) => sum + forgotten, 0),
    destinations: destinations.map(({ name, snapshot, error, storedBytes, freeBytes }) => ({
      name,
      ok: error === null,
      snapshot,
      stored_bytes: storedBytes,
      free_bytes: freeBytes,
      error,
    })),
    error: troubles.length === 0 ? null : troubles.join('; '),
  }
}

/** What is there and is in no snapshot, with an example. */
export function unreadText({ unreadCount, skipped }: Pick<ArchiveResult, 'unreadCount' | 'skipped'>): string {
  const example = skipped.find(({ kind }) => kind === 'unread')
  const such = example === undefined ? '' : `, such as ${example.path} (${example.reason})`
  return `${unreadCount} files or folders could not be read and are not in the backup${such}; let the backup read them, or exclude them`
}
