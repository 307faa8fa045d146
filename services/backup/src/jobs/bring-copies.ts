import { describeError, isTransient } from '@nightshift/shared/errors'
import { copySnapshot } from '../copy/copy-snapshot.ts'
import type { OpenDestination } from '../local/destinations.ts'
import { acquireLock } from '../lock/repository-lock.ts'
import { listSnapshots, type Snapshot } from '../snapshot/snapshot.ts'
import { tagValue } from '../snapshot/tags.ts'
import { lockWaitMs, type DestinationOutcome, type RunParts } from './run-parts.ts'
import { applyRetention } from './retain.ts'
import { roomOf, unknownRoom } from './room.ts'

/** Brings a snapshot to the other destinations of its job, with those that a destination missed while it was away. Each fails alone. */
export async function bringCopies(
  parts: RunParts,
  from: OpenDestination,
  snapshot: Snapshot,
  names: readonly string[],
): Promise<DestinationOutcome[]> {
  const outcomes: DestinationOutcome[] = []
  for (const name of names) {
    try {
      outcomes.push(await bringTo(parts, from, snapshot, name))
    } catch (error) {
      parts.signal.throwIfAborted()
      const message = describeError(error)
      parts.log.warn({ destination: name, error }, `the snapshot was not copied to ${name}: ${message}`)
      outcomes.push({ name, snapshot: null, error: message, ...unknownRoom, forgotten: 0 })
    }
  }
  return outcomes
}

async function bringTo(parts: RunParts, from: OpenDestination, snapshot: Snapshot, name: string): Promise<DestinationOutcome> {
  const { destinations, host, job, clock } = parts
  const to = await destinations.open(name, parts.signal)
  try {
    const { repository } = to
    await repository.loadIndex(parts.signal)
    const lock = await acquireLock(repository, {
      exclusive: false,
      hostname: host,
      username: parts.username,
      clock,
      signal: parts.signal,
      waitMs: parts.lockWaitMs ?? lockWaitMs,
    })
    let copied = snapshot
    try {
      const signal = AbortSignal.any([parts.signal, lock.signal])
      const filter = { hostname: host, job }
      const missing = missedBy(await listSnapshots(from.repository, filter, signal), await listSnapshots(repository, filter, signal))
      for (const each of missing) {
        const onProgress = (progress: { doneBytes: number; totalBytes: number | null }): void =>
          parts.onProgress({
            step: `copying to ${name}`,
            doneItems: null,
            totalItems: null,
            doneBytes: progress.doneBytes,
            totalBytes: progress.totalBytes,
          })
        try {
          copied = (await copySnapshot(from.repository, repository, each, { signal, onProgress })).snapshot
        } catch (error) {
          signal.throwIfAborted()
          // An old one that is damaged here must not keep the newest from its copy.
          if (each === missing.at(-1) || isTransient(error)) throw error
          parts.log.warn({ destination: name, error }, `the snapshot ${each.id} was not copied to ${name}: ${describeError(error)}`)
        }
      }
    } finally {
      await lock.release()
    }
    const forgotten = await applyRetention(parts, repository)
    return { name, snapshot: copied.id, error: null, ...(await roomOf(repository.store, parts.signal)), forgotten }
  } finally {
    await to.close()
  }
}

/** What the other one does not have and that is newer than all it has: what it forgot is not brought again. Oldest first. */
export function missedBy(all: readonly Snapshot[], there: readonly Snapshot[]): Snapshot[] {
  const runs = new Set(there.map((snapshot) => tagValue(snapshot, 'run')))
  const newestMs = there.at(-1)?.timeMs ?? Number.NEGATIVE_INFINITY
  return all.filter((snapshot, at) => {
    const isNewest = at === all.length - 1
    return !runs.has(tagValue(snapshot, 'run')) && (isNewest || (there.length > 0 && snapshot.timeMs > newestMs))
  })
}
