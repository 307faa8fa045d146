import type { BackupFacts } from '../jobs/backup-event.ts'
import type { JobRecord } from '../jobs/job-state.ts'
import type { DrillOutcome } from './drill.ts'
import type { VerifyOutcome } from './verify-repository.ts'

const maxErrorFindings = 5

/** What was found, in one line. */
export function findingsText(findings: readonly string[]): string | null {
  if (findings.length === 0) return null
  const more = findings.length > maxErrorFindings ? ` (and ${findings.length - maxErrorFindings} more)` : ''
  return `${findings.slice(0, maxErrorFindings).join('; ')}${more}`
}

/** What the event of a drill says. Pure, like all here. */
export function drillFacts(outcome: DrillOutcome): BackupFacts {
  const { destination, findings, snapshot } = outcome
  const error = findingsText(findings)
  return {
    phase: error === null ? 'drill' : 'drill_failed',
    level: 'V2',
    snapshot: snapshot.id,
    checked_items: outcome.items,
    checked_bytes: outcome.bytes,
    restore_seconds: outcome.restoreSeconds,
    duration_seconds: outcome.durationMs / 1000,
    destinations: [placeOf(destination, snapshot.id, error)],
    error,
  }
}

/** What the event of a verification of a repository says. */
export function verifyFacts(outcome: VerifyOutcome, level: 'V1' | 'V3'): BackupFacts {
  const error = findingsText(outcome.findings)
  return {
    phase: error === null ? 'verified' : 'verify_failed',
    level,
    checked_items: outcome.items,
    checked_bytes: outcome.bytes,
    duration_seconds: outcome.durationMs / 1000,
    destinations: [placeOf(outcome.destination, null, error)],
    error,
  }
}

/** What is known of a job after a drill: how long a restore takes, and the id that its snapshot has since it is marked as verified. */
export function recordOfDrill(record: JobRecord, outcome: DrillOutcome, nowMs: number): JobRecord {
  const { destination, drilledId, findings, snapshot } = outcome
  const isProven = findings.length === 0
  const good = record.lastGood
  const mark = record.destinations[destination]
  return {
    ...record,
    restoreSeconds: isProven ? outcome.restoreSeconds : record.restoreSeconds,
    lastVerifiedMs: isProven ? nowMs : record.lastVerifiedMs,
    lastGood: good?.snapshot === drilledId ? { ...good, snapshot: snapshot.id } : good,
    destinations:
      mark?.snapshot === drilledId ? { ...record.destinations, [destination]: { ...mark, snapshot: snapshot.id } } : record.destinations,
  }
}

function placeOf(name: string, snapshot: string | null, error: string | null): NonNullable<BackupFacts['destinations']>[number] {
  return { name, ok: error === null, snapshot, stored_bytes: null, free_bytes: null, error }
}
