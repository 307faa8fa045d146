import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '@nightshift/shared/clock'
import { ConflictError } from '@nightshift/shared/errors'
import type { Repository } from '../repository/repository.ts'
import { readLocks, removeStaleLocks, type HeldLock } from './held-locks.ts'
import { KeptLock, settleMs, type RepositoryLock } from './kept-lock.ts'
import { encodeLock, ownLock, type LockDocument } from './lock-document.ts'
import type { RefreshTimes } from './refresh.ts'

export type { RepositoryLock } from './kept-lock.ts'

export interface LockOptions {
  /** Nobody else may hold any lock: for all that removes files. Shared locks go together. */
  readonly exclusive: boolean
  readonly hostname: string
  readonly username?: string
  readonly pid?: number
  readonly clock: Clock
  readonly signal?: AbortSignal
  /** How long to wait for others; the default is not at all. */
  readonly waitMs?: number
  readonly times?: Partial<RefreshTimes>
  /** How often is looked whether the lock must be refreshed. */
  readonly tickMs?: number
}

const longestPauseMs = 5000

/**
 * restic's protocol: look, write, wait a moment, look again. Locks of dead processes are removed first. With a shared lock the index, if it was
 * loaded, is loaded anew: load it after the lock and it is read once. Throws ConflictError `repository_locked`.
 */
export async function acquireLock(repository: Repository, options: LockOptions): Promise<RepositoryLock> {
  const startMs = options.clock.monotonicMs()
  for (let attempt = 0; ; attempt++) {
    const outcome = await tryLock(repository, options)
    if ('id' in outcome) return keep(repository, outcome, options)
    const leftMs = (options.waitMs ?? 0) - (options.clock.monotonicMs() - startMs)
    if (leftMs <= 0) throw lockedBy(repository, outcome.blockedBy)
    // Two that met at the same instant must not meet again.
    const pauseMs = Math.min(longestPauseMs, 250 * 2 ** Math.min(attempt, 8)) * (0.5 + Math.random())
    await sleep(Math.min(leftMs, pauseMs), undefined, options.signal === undefined ? {} : { signal: options.signal })
  }
}

/** Who loaded the index before he had the lock may have waited for a prune: a blob that went with it must not be taken for stored. */
async function keep(repository: Repository, held: HeldLock, options: LockOptions): Promise<RepositoryLock> {
  const lock = new KeptLock(repository, held, options)
  if (options.exclusive || repository.index.size === 0) return lock
  try {
    await repository.loadIndex(options.signal)
    return lock
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function tryLock(repository: Repository, options: LockOptions): Promise<HeldLock | { blockedBy: LockDocument }> {
  const { exclusive, signal } = options
  const reading = signal === undefined ? {} : { signal }
  await removeStaleLocks(repository, { hostname: options.hostname, clock: options.clock, ...reading })
  const before = blocking(await readLocks(repository, reading), exclusive)
  if (before !== undefined) return { blockedBy: before }
  const lock = ownLock({ ...options, nowMs: options.clock.now() })
  const id = await repository.writeJson('lock', encodeLock(lock), signal)
  try {
    await sleep(settleMs, undefined, reading)
    const after = blocking(
      (await readLocks(repository, reading)).filter((held) => held.id !== id),
      exclusive,
    )
    if (after === undefined) return { id, lock }
    await repository.store.remove({ type: 'lock', id })
    return { blockedBy: after }
  } catch (error) {
    await repository.store.remove({ type: 'lock', id })
    throw error
  }
}

function blocking(held: readonly HeldLock[], exclusive: boolean): LockDocument | undefined {
  return held.find(({ lock }) => exclusive || lock.exclusive)?.lock
}

function lockedBy(repository: Repository, lock: LockDocument): ConflictError {
  const what = lock.exclusive ? 'is locked for maintenance' : 'is in use'
  const since = new Date(lock.timeMs).toISOString()
  return new ConflictError(
    'repository_locked',
    `${repository.store.description} ${what} by ${lock.username}@${lock.hostname} (process ${lock.pid}), seen alive at ${since}; try again ` +
      'when that has ended; if that process is gone, its lock runs out 30 minutes after that time, or nightshift backup unlock on that host removes it',
    { transient: true },
  )
}
