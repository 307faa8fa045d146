import type { Bus, Lease } from '@nightshift/shared/bus/bus'
import { encodeToken } from '@nightshift/shared/host-token'
import { ConflictError } from '@nightshift/shared/errors'

/** So long a run waits for a replica that has the job. */
const waitMs = 15_000

/**
 * The right to run a job, of which there is one over all replicas. Undefined while the bus is away: the lock of the repository still keeps
 * two from removing what the other needs, and a backup is worth more than a repetition. Throws ConflictError `job_taken`.
 */
export async function keepLease(
  bus: Bus,
  about: { host: string; job: string; holder: string; signal: AbortSignal },
): Promise<Lease | undefined> {
  if (bus.state !== 'connected') return undefined
  const { host, job, holder, signal } = about
  const timeout = AbortSignal.timeout(waitMs)
  try {
    return await bus.acquireLease({ key: `backup.${encodeToken(host)}.${job}`, holder, signal: AbortSignal.any([signal, timeout]) })
  } catch (cause) {
    signal.throwIfAborted()
    if (bus.state !== 'connected') return undefined
    if (!timeout.aborted) throw cause
    throw new ConflictError('job_taken', `another instance runs the backup ${job} right now; it is tried again later`, {
      cause,
      transient: true,
    })
  }
}
