import type { MirrorConfig } from '../config/mirror-config.ts'
import type { MirroredFile, MirrorTarget } from './mirror-target.ts'
import type { MirrorScope } from './mirror-scope.ts'
import { needsUpload } from './needs-upload.ts'

interface Means {
  readonly config: Pick<MirrorConfig, 'delete_after'>
  readonly nowMs: number
  /** Since when what lies there is not here any more; kept from one comparison to the next. */
  readonly missingSince: Map<string, number>
  readonly signal: AbortSignal
}

/** What one comparison takes on; the next one takes the rest. */
const maxTaken = 10_000

/** Compares all that is here with all that is there. */
export async function reconcile(
  scope: MirrorScope,
  target: MirrorTarget,
  { config, nowMs, missingSince, signal }: Means,
): Promise<{ toStore: string[]; toRemove: string[]; isComplete: boolean }> {
  const there = new Map<string, MirroredFile>()
  for await (const file of target.list(signal)) there.set(file.path, file)
  const toStore: string[] = []
  let here = 0
  let isComplete = true
  for await (const file of scope.files(signal)) {
    here += 1
    const known = there.get(file.path)
    there.delete(file.path)
    if (needsUpload(file, known, false) === 'no') continue
    if (toStore.length < maxTaken) toStore.push(file.path)
    else isComplete = false
  }
  for (const path of missingSince.keys()) if (!there.has(path)) missingSince.delete(path)
  // A folder that holds nothing is rather one whose disk is not mounted than one that was emptied.
  if (config.delete_after === undefined || here === 0) return { toStore, toRemove: [], isComplete }
  const toRemove: string[] = []
  for (const path of there.keys()) {
    const sinceMs = missingSince.get(path)
    if (sinceMs === undefined) missingSince.set(path, nowMs)
    else if (nowMs - sinceMs >= config.delete_after && toRemove.length < maxTaken) toRemove.push(path)
  }
  return { toStore, toRemove, isComplete }
}
