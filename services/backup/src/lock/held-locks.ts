import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '@nightshift/shared/clock'
import { EffectError, NightshiftError } from '@nightshift/shared/errors'
import type { Repository } from '../repository/repository.ts'
import { decodeLock, isStale, witness, type LockDocument } from './lock-document.ts'

export interface HeldLock {
  readonly id: string
  readonly lock: LockDocument
}

/** A lock that is being written or refreshed may be unreadable for a moment; restic waits in these steps too. */
const readAgainAfterMs: readonly number[] = [5000, 10_000, 20_000]

export interface ReadLocksOptions {
  readonly signal?: AbortSignal
  readonly readAgainAfterMs?: readonly number[]
}

/** All locks of a repository, ours and those of restic. */
export async function readLocks(repository: Repository, options: ReadLocksOptions = {}): Promise<HeldLock[]> {
  const held: HeldLock[] = []
  for await (const { id, sizeBytes } of repository.store.list('lock', options.signal)) {
    // restic leaves an empty file when its disk was full.
    if (sizeBytes === 0) continue
    const lock = await readLock(repository, id, options)
    if (lock !== undefined) held.push({ id, lock })
  }
  return held
}

async function readLock(repository: Repository, id: string, options: ReadLocksOptions): Promise<LockDocument | undefined> {
  const pauses = options.readAgainAfterMs ?? readAgainAfterMs
  for (let attempt = 0; ; attempt++) {
    try {
      const lock = decodeLock(await repository.readJson('lock', id, options.signal))
      if (lock !== undefined) return lock
      throw new EffectError('lock_damaged', 'it is no lock')
    } catch (error) {
      options.signal?.throwIfAborted()
      if (error instanceof NightshiftError && error.code === 'store_missing_file') return undefined
      const pauseMs = pauses[attempt]
      if (pauseMs === undefined) {
        throw new EffectError(
          'lock_unreadable',
          `${repository.store.description}: the lock ${id} cannot be read, so nobody knows what it protects; ` +
            'when nothing else works on this repository, remove that file',
          { cause: error, transient: true },
        )
      }
      await sleep(pauseMs, undefined, options.signal === undefined ? {} : { signal: options.signal })
    }
  }
}

/** Removes the locks that nobody holds any more; gives them. */
export async function removeStaleLocks(
  repository: Repository,
  options: { hostname: string; clock: Clock } & ReadLocksOptions,
): Promise<LockDocument[]> {
  const seen = witness(options.hostname)
  const removed: LockDocument[] = []
  for (const { id, lock } of await readLocks(repository, options)) {
    if (!isStale(lock, seen, options.clock.now())) continue
    await repository.store.remove({ type: 'lock', id }, options.signal)
    removed.push(lock)
  }
  return removed
}
