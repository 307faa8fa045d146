import type { RestoreSetConfig } from '../config/restore-config.ts'

/**
 * The moment of which a set is restored, from the times of the newest snapshots of its jobs that may count: the latest one that all jobs have
 * reached, so that no member knows of things that another does not have yet. Null: of each its own newest.
 */
export function momentOf(at: RestoreSetConfig['at'], newestMs: readonly number[]): number | null {
  return at === 'newest' || newestMs.length === 0 ? null : Math.min(...newestMs)
}
