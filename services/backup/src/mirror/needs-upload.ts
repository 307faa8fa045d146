import type { MirroredFile } from './mirror-target.ts'

/** Times of some file systems are whole seconds, and of some two. */
const timeSlackMs = 2000
/** What a double loses of a time. A file may change twice within a second and keep its size. */
const noticedSlackMs = 1

interface LocalFile {
  readonly sizeBytes: number
  readonly modifiedMs: number
}

/**
 * Whether a file has to be stored, by what is seen without reading it. `look`: only its content tells. A file that was noticed to change
 * (`isNoticed`) may have its old size and an older time than what is stored. Pure.
 */
export function needsUpload(local: LocalFile, there: MirroredFile | undefined, isNoticed: boolean): 'yes' | 'no' | 'look' {
  if (there === undefined || there.sizeBytes !== local.sizeBytes) return 'yes'
  if (there.keepsTime) return Math.abs(there.modifiedMs - local.modifiedMs) <= (isNoticed ? noticedSlackMs : timeSlackMs) ? 'no' : 'yes'
  const isOlder = local.modifiedMs < there.modifiedMs - timeSlackMs
  if (isOlder && !isNoticed) return 'no'
  return there.md5 === null ? 'yes' : 'look'
}
