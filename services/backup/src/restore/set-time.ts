import type { RestoreSetConfig } from '../config/restore-config.ts'

/**
 * The moment near which the snapshots of a set are taken, from the times of the newest ones of its jobs: the latest one that all jobs have
 * reached. A job that failed last night makes the others go back to where it stands. Null: of each its own newest.
 */
export function momentOf(at: RestoreSetConfig['at'], newestMs: readonly number[]): number | null {
  return at === 'newest' || newestMs.length === 0 ? null : Math.min(...newestMs)
}
