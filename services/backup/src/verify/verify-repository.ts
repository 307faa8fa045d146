import type { Clock } from '@nightshift/shared/clock'
import { check } from '../check/check.ts'
import type { Finding } from '../check/findings.ts'
import type { ReadData } from '../check/part.ts'
import { lockWaitMs } from '../jobs/run-parts.ts'
import type { Destinations } from '../local/destinations.ts'
import { acquireLock } from '../lock/repository-lock.ts'
import { checkByRestic } from './restic-check.ts'

interface VerifyParts {
  readonly destinations: Destinations
  readonly destination: string
  readonly readData: Exclude<ReadData, false>
  /** Ids of snapshots that runs were reported for, and nobody has forgotten. */
  readonly expectedSnapshots?: readonly string[]
  /** Lets the restic of this host read everything too; undefined is not asked for. */
  readonly withRestic?: boolean
  readonly host: string
  readonly username: string
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onProgress: (packsRead: number, packsToRead: number) => void
}

export interface VerifyOutcome {
  readonly destination: string
  /** Snapshots, folders, pieces of files and packs that were looked at. */
  readonly items: number
  readonly packsRead: number
  readonly bytes: number
  readonly durationMs: number
  /** What cannot be restored as it is, and what to do; none means that all that was looked at is well. */
  readonly findings: readonly string[]
}

/** V1 and V3: whether all that the snapshots of a destination need is there, and reads some or all of what is stored. Throws when nothing can be said. */
export async function verifyRepository(parts: VerifyParts): Promise<VerifyOutcome> {
  const { clock, destination, destinations, host, username } = parts
  const startedMs = clock.monotonicMs()
  const open = await destinations.open(destination, parts.signal)
  try {
    const { repository } = open
    const options = { exclusive: false, hostname: host, username, clock, signal: parts.signal, waitMs: lockWaitMs }
    const lock = await acquireLock(repository, options)
    try {
      const signal = AbortSignal.any([parts.signal, lock.signal])
      const { readData, expectedSnapshots = [], onProgress } = parts
      const { checked, findings } = await check(repository, { readData, expectedSnapshots, signal, onProgress })
      const byRestic = parts.withRestic === true ? await checkByRestic(repository.store, destinations.passwordOf(destination), signal) : []
      return {
        destination,
        items: checked.snapshots + checked.trees + checked.blobs + checked.packsRead,
        packsRead: checked.packsRead,
        bytes: checked.bytesRead,
        durationMs: clock.monotonicMs() - startedMs,
        findings: [...findings.filter(isError).map(({ message }) => message), ...byRestic],
      }
    } finally {
      await lock.release()
    }
  } finally {
    await open.close()
  }
}

function isError({ severity }: Finding): boolean {
  return severity === 'error'
}
