import type { Clock } from '@nightshift/shared/clock'
import { roomOf } from '../jobs/room.ts'
import { prune, type PruneReport } from '../prune/prune.ts'
import type { Destinations } from './destinations.ts'

interface Parts {
  readonly host: string
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly graceMs: number
  readonly dryRun?: boolean
}

const lockWaitMs = 10 * 60_000

/** Removes at one destination the data that no snapshot needs, and says how much room there is then. */
export async function pruneDestination(
  destinations: Destinations,
  name: string,
  { host, clock, signal, graceMs, dryRun = false }: Parts,
): Promise<{ report: PruneReport; room: { storedBytes: number | null; freeBytes: number | null } }> {
  const open = await destinations.open(name, signal)
  try {
    const report = await prune(open.repository, { hostname: host, clock, signal, graceMs, dryRun, waitMs: lockWaitMs })
    return { report, room: await roomOf(open.repository.store, signal) }
  } finally {
    await open.close()
  }
}
