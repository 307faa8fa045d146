import type { Clock } from '@nightshift/shared/clock'
import type { Destinations } from '../local/destinations.ts'
import { listSnapshots } from '../snapshot/snapshot.ts'
import type { StateStore } from './state-store.ts'

interface Parts {
  readonly store: StateStore
  readonly destinations: Destinations
  readonly host: string
  readonly clock: Clock
  readonly signal: AbortSignal
}

const timeoutMs = 60_000

/**
 * Jobs that are seen for the first time, or again after the state was lost: their slots count from their newest snapshot, so that what was
 * missed since is made good; from now on when there is none, or nothing can be asked.
 */
export async function adoptPast(parts: Parts, jobs: readonly string[]): Promise<void> {
  const { store, clock, signal } = parts
  for (const job of jobs) {
    const newestMs = await newestOf(parts, job).catch(() => undefined)
    if (signal.aborted) return
    const nowMs = clock.now()
    if (store.job(job) === undefined) await store.changeJob(job, Math.min(newestMs ?? nowMs, nowMs), (record) => record)
  }
}

async function newestOf({ destinations, host, signal }: Parts, job: string): Promise<number | undefined> {
  const [first] = destinations.namesOf(job)
  if (first === undefined) return undefined
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const open = await destinations.open(first, limit)
  try {
    return (await listSnapshots(open.repository, { hostname: host, job }, limit)).at(-1)?.timeMs
  } finally {
    await open.close()
  }
}
