import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '@nightshift/shared/clock'
import { ConflictError, describeError } from '@nightshift/shared/errors'
import type { Repository } from '../repository/repository.ts'
import type { HeldLock } from './held-locks.ts'
import { encodeLock } from './lock-document.ts'
import { decideRefresh, type RefreshTimes } from './refresh.ts'

export interface RepositoryLock {
  /** Aborts when the lock could not be kept: then nothing more may be written or removed. Its reason is a ConflictError `lock_lost`. */
  readonly signal: AbortSignal
  /** Ends the refreshing and removes the lock file, if the store lets it. Never rejects; may be called again. */
  release(): Promise<void>
}

interface KeepOptions {
  readonly clock: Clock
  readonly times?: Partial<RefreshTimes>
  readonly tickMs?: number
}

/** Between writing a lock and looking whether somebody else wrote one at the same time. */
export const settleMs = 200

/** A lock of ours, refreshed until it is released. */
export class KeptLock implements RepositoryLock {
  readonly #repository: Repository
  readonly #clock: Clock
  readonly #times: Partial<RefreshTimes>
  readonly #lost = new AbortController()
  readonly #timer: NodeJS.Timeout
  /** Files of ours that could not be removed when a newer one took their place. */
  readonly #old = new Set<string>()
  #held: HeldLock
  #refreshedMonotonicMs: number
  #triedMs = Number.NEGATIVE_INFINITY
  #working: Promise<void> | undefined
  #released = false

  constructor(repository: Repository, held: HeldLock, options: KeepOptions) {
    this.#repository = repository
    this.#clock = options.clock
    this.#times = options.times ?? {}
    this.#held = held
    this.#refreshedMonotonicMs = options.clock.monotonicMs()
    this.#timer = setInterval(() => this.#tick(), options.tickMs ?? 5000)
    this.#timer.unref()
  }

  get signal(): AbortSignal {
    return this.#lost.signal
  }

  async release(): Promise<void> {
    if (this.#released) return
    this.#released = true
    clearInterval(this.#timer)
    await this.#working
    this.#old.add(this.#held.id)
    try {
      await this.#removeOld()
    } catch {
      // What was done under the lock is done, and a store that is away shall not spoil it: the file runs out by itself in half an hour.
    }
  }

  #tick(): void {
    if (this.#released || this.#working !== undefined || this.#lost.signal.aborted) return
    const nowMonotonicMs = this.#clock.monotonicMs()
    const ages = {
      // A host that slept shows it on the wall clock only, one whose clock was set back on the monotonic one only.
      sinceRefreshMs: Math.max(this.#clock.now() - this.#held.lock.timeMs, nowMonotonicMs - this.#refreshedMonotonicMs),
      sinceTryMs: nowMonotonicMs - this.#triedMs,
    }
    const decision = decideRefresh(ages, this.#times)
    if (decision === 'rest') return
    this.#triedMs = nowMonotonicMs
    this.#working = this.#refresh(decision === 'last_chance').finally(() => (this.#working = undefined))
  }

  /** Writes the new lock before the old one goes, so that there is no instant without one. */
  async #refresh(isLastChance: boolean): Promise<void> {
    const { store } = this.#repository
    try {
      const old = { type: 'lock' as const, id: this.#held.id }
      if ((await store.sizeOf(old)) === undefined) return this.#lose('its lock file was removed by somebody')
      const lock = { ...this.#held.lock, timeMs: this.#clock.now() }
      const id = await this.#repository.writeJson('lock', encodeLock(lock))
      if (isLastChance) {
        await sleep(settleMs)
        // Others may have taken the lock for stale while it was: whoever removes it has not seen the new one.
        if ((await store.sizeOf(old)) === undefined) {
          await store.remove({ type: 'lock', id })
          return this.#lose('its lock file was taken for left behind and removed')
        }
      }
      this.#old.add(old.id)
      this.#held = { id, lock }
      this.#refreshedMonotonicMs = this.#clock.monotonicMs()
      await this.#removeOld()
    } catch (error) {
      if (isLastChance) this.#lose(`it could not be renewed: ${describeError(error)}`)
    }
  }

  async #removeOld(): Promise<void> {
    for (const id of this.#old) {
      await this.#repository.store.remove({ type: 'lock', id })
      this.#old.delete(id)
    }
  }

  #lose(why: string): void {
    clearInterval(this.#timer)
    const where = this.#repository.store.description
    const reason = new ConflictError(
      'lock_lost',
      `${where}: the lock is lost (${why}), so work on it stopped; the next run goes on with what is stored`,
      { transient: true },
    )
    this.#lost.abort(reason)
  }
}
