import { describeError } from '@nightshift/shared/errors'
import { acquireLock } from '../lock/repository-lock.ts'
import type { Repository } from '../repository/repository.ts'
import { forgetSafety } from '../restore/safety.ts'
import { decideRetention, type Retained } from '../retention/keep.ts'
import { listSnapshots, type Snapshot } from '../snapshot/snapshot.ts'
import type { RunParts } from './run-parts.ts'

/** Others may read for longer; what is not forgotten now goes after the next run. */
const lockWaitMs = 60_000

type Parts = Pick<RunParts, 'job' | 'config' | 'host' | 'username' | 'timezone' | 'clock' | 'log' | 'signal'>

/** What would stay of a job's snapshots in a repository and what would go, with the reasons. */
export async function planRetention(parts: Parts, repository: Repository): Promise<Retained<Snapshot>[]> {
  const snapshots = await listSnapshots(repository, { hostname: parts.host, job: parts.job }, parts.signal)
  return decideRetention(snapshots, parts.config.keep, parts.clock.now(), parts.config.timezone ?? parts.timezone)
}

/** Forgets what no rule keeps. That it cannot be done now is said and is no failure of the run. */
export async function applyRetention(parts: Parts, repository: Repository): Promise<number> {
  try {
    const safety = await forgetSafety(repository, parts)
    return (await forget(parts, repository)).length + safety
  } catch (error) {
    parts.signal.throwIfAborted()
    parts.log.warn({ error }, `old snapshots stay until the next run: ${describeError(error)}`)
    return 0
  }
}

/** Removes the snapshots of a job that no rule keeps; their data stays until the next prune. Those that went. */
export async function forget(parts: Parts, repository: Repository): Promise<Snapshot[]> {
  const { clock, host, username, signal } = parts
  const hasSome = (await planRetention(parts, repository)).some(({ keep }) => !keep)
  if (!hasSome) return []
  const lock = await acquireLock(repository, { exclusive: true, hostname: host, username, clock, signal, waitMs: lockWaitMs })
  try {
    // Somebody may have added a snapshot while we waited.
    const going = (await planRetention(parts, repository)).filter(({ keep }) => !keep)
    for (const { snapshot } of going) {
      lock.signal.throwIfAborted()
      await repository.store.remove({ type: 'snapshot', id: snapshot.id }, signal)
    }
    return going.map(({ snapshot }) => snapshot)
  } finally {
    await lock.release()
  }
}
