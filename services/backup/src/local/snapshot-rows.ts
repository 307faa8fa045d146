import { isoTime } from '@nightshift/shared/clock'
import { matches, readSnapshots, type Snapshot } from '../snapshot/snapshot.ts'
import { tagValue } from '../snapshot/tags.ts'
import type { Destinations } from './destinations.ts'

/** A snapshot, as people and programs read it. */
export interface SnapshotRow {
  snapshot: string
  time: string
  job: string | null
  kind: string | null
  host: string
  paths: string[]
  destination: string
  size_bytes: number | null
  added_bytes: number | null
  files: number | null
  verified_time: string | null
}

interface Wanted {
  readonly job?: string | undefined
  readonly destination?: string | undefined
  readonly hostname?: string | undefined
  /** Told of destinations that cannot be reached, and of snapshots that cannot be read. */
  readonly onTrouble?: ((destination: string, error: unknown) => void) | undefined
}

/** The snapshots of one destination, or of all that can be reached, as far as they can be read; oldest first. Throws when none can be reached. */
export async function listRows(destinations: Destinations, wanted: Wanted, signal: AbortSignal): Promise<SnapshotRow[]> {
  const { job, destination, hostname, onTrouble } = wanted
  const names = destination === undefined ? (job === undefined ? destinations.names : destinations.namesOf(job)) : [destination]
  const rows: SnapshotRow[] = []
  let failure: { error: unknown } | undefined
  let reached = 0
  for (const name of names) {
    try {
      const open = await destinations.open(name, signal)
      try {
        const filter = { ...(job === undefined ? {} : { job }), ...(hostname === undefined ? {} : { hostname }) }
        for await (const { snapshot, error } of readSnapshots(open.repository, signal)) {
          if (error !== undefined) onTrouble?.(name, error)
          else if (snapshot !== undefined && matches(snapshot, filter)) rows.push(rowOf(snapshot, name))
        }
        reached++
      } finally {
        await open.close()
      }
    } catch (error) {
      signal.throwIfAborted()
      failure ??= { error }
      if (names.length > 1) onTrouble?.(name, error)
    }
  }
  if (reached === 0 && failure !== undefined) throw failure.error
  return rows.toSorted((a, b) => (a.time === b.time ? 0 : a.time < b.time ? -1 : 1))
}

function rowOf(snapshot: Snapshot, destination: string): SnapshotRow {
  const { summary } = snapshot
  return {
    snapshot: snapshot.id,
    time: isoTime(snapshot.timeMs),
    job: tagValue(snapshot, 'job') ?? null,
    kind: tagValue(snapshot, 'src') ?? null,
    host: snapshot.hostname,
    paths: [...snapshot.paths],
    destination,
    size_bytes: summary?.bytesProcessed ?? null,
    added_bytes: summary?.dataAddedPackedBytes ?? null,
    files: summary?.filesProcessed ?? null,
    verified_time: tagValue(snapshot, 'verified') ?? null,
  }
}
