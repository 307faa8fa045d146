import { z } from 'zod'
import { ContractError } from '@nightshift/shared/errors'
import { verifyMarkSchema } from '../verify/verify-mark.ts'
import { integrityMarkSchema } from './integrity-mark.ts'

const ms = z.number().nonnegative()

/** What one destination has of a job. */
const destinationMarkSchema = z.object({
  /** The newest snapshot that is complete there. */
  snapshot: z.string().nullable(),
  atMs: ms.nullable(),
  error: z.string().nullable(),
})
export type DestinationMark = z.infer<typeof destinationMarkSchema>

/** All that is remembered of one job. Replaced as a whole, never changed in place. */
export const jobRecordSchema = z.object({
  /** Slots before this do not count: when the job was first seen, or its newest snapshot made. */
  sinceMs: ms,
  slotMs: ms.nullable(),
  retryMs: ms.nullable(),
  /** Runs in a row that failed. */
  failures: z.int().nonnegative(),
  /** Runs of the last slot, retries with it. */
  attempt: z.int().nonnegative(),
  /** The run under way; still there after a start: the run was cut off. */
  running: z.object({ run: z.string(), startedMs: ms, trigger: z.string() }).nullable(),
  lastFinishedMs: ms.nullable(),
  lastError: z.string().nullable(),
  /** The newest run that succeeded. `startedMs` is when it began to read. */
  lastGood: z
    .object({
      run: z.string(),
      snapshot: z.string(),
      name: z.string(),
      startedMs: ms,
      durationMs: ms,
      sizeBytes: ms,
      addedBytes: ms,
    })
    .nullable(),
  lastVerifiedMs: ms.nullable(),
  /** How long the last restore or drill took. */
  restoreSeconds: z.number().nonnegative().nullable(),
  destinations: z.record(z.string(), destinationMarkSchema),
})
export type JobRecord = z.infer<typeof jobRecordSchema>

/** All that the service remembers. */
export const backupStateSchema = z.object({
  jobs: z.record(z.string(), jobRecordSchema),
  /** By destination: when it was last pruned. */
  prunedMs: z.record(z.string(), ms),
  /** By database: what its last check found. */
  integrity: z.record(z.string(), integrityMarkSchema).default({}),
  /** By verification: when it went last, and how. */
  verifications: z.record(z.string(), verifyMarkSchema).default({}),
})
export type BackupState = z.infer<typeof backupStateSchema>

export const stateVersion = 1
export const emptyState: BackupState = { jobs: {}, prunedMs: {}, integrity: {}, verifications: {} }

export function newJobRecord(sinceMs: number): JobRecord {
  return {
    sinceMs,
    slotMs: null,
    retryMs: null,
    failures: 0,
    attempt: 0,
    running: null,
    lastFinishedMs: null,
    lastError: null,
    lastGood: null,
    lastVerifiedMs: null,
    restoreSeconds: null,
    destinations: {},
  }
}

/** Reads what was stored. Throws ContractError `state_too_new` or `state_damaged`. */
export function readState(text: string, path: string): BackupState {
  const file = z.object({ schema_version: z.int(), state: z.unknown() }).safeParse(parse(text))
  if (file.success && file.data.schema_version > stateVersion)
    throw new ContractError('state_too_new', `${path} was written by a newer version; start that one, or move the file away`)
  const state = backupStateSchema.safeParse(file.data?.state)
  if (state.success) return state.data
  throw new ContractError('state_damaged', `${path} is damaged; move it away: times are then taken from the repository`, {
    cause: state.error,
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
