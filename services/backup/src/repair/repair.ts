import type { Clock } from '@nightshift/shared/clock'
import { acquireLock } from '../lock/repository-lock.ts'
import type { Repository } from '../repository/repository.ts'
import { rebuildIndex, type RebuiltIndex } from './rebuild-index.ts'
import { rewriteSnapshots, type RewrittenSnapshot } from './rewrite-snapshots.ts'
import { salvagePacks, type Salvage } from './salvage-packs.ts'

export interface RepairOptions {
  readonly hostname: string
  readonly clock: Clock
  /** Packs that a check with `readData` found damaged. */
  readonly damagedPacks?: readonly string[]
  /** Removes damaged packs after what is whole in them was stored anew. What was not is stored again by the next backup that meets it. */
  readonly removeDamagedPacks?: boolean
  /**
   * Writes snapshots that miss something anew without it. Only after damaged packs were removed and the backup ran once more: what that
   * stored again is missing nowhere.
   */
  readonly rewriteSnapshots?: boolean
  readonly dryRun?: boolean
  readonly waitMs?: number
  readonly signal?: AbortSignal
}

export interface RepairReport extends RebuiltIndex, Salvage {
  readonly dryRun: boolean
  /** Damaged packs that are still there, as `removeDamagedPacks` was not given. */
  readonly damagedPacks: readonly string[]
  /** Snapshots that miss something: with `rewriteSnapshots` they were written anew, without it nothing was done to them. */
  readonly snapshots: readonly RewrittenSnapshot[]
  readonly sweptFiles: number
}

const hourMs = 3_600_000

/** Puts a damaged repository in order as far as that loses nothing; what is unreadable goes only when the caller says so. */
export async function repair(repository: Repository, options: RepairOptions): Promise<RepairReport> {
  const lock = await acquireLock(repository, { ...options, exclusive: true })
  try {
    const signal = options.signal === undefined ? lock.signal : AbortSignal.any([lock.signal, options.signal])
    return await repairLocked(repository, options, signal)
  } finally {
    await lock.release()
  }
}

async function repairLocked(repository: Repository, options: RepairOptions, signal: AbortSignal): Promise<RepairReport> {
  const dryRun = options.dryRun === true
  const rebuilt = await rebuildIndex(repository, { dryRun, signal })
  const damaged = [...new Set([...(options.damagedPacks ?? []), ...rebuilt.unreadablePacks])]
  const isRemoving = options.removeDamagedPacks === true && !dryRun && damaged.length > 0
  const salvage = isRemoving ? await salvagePacks(repository, damaged, signal) : { salvagedBlobs: 0, lostBlobs: 0 }
  const isRewriting = options.rewriteSnapshots === true && !dryRun
  const snapshots = await rewriteSnapshots(repository, { dryRun: !isRewriting, nowMs: options.clock.now(), signal })
  return {
    ...rebuilt,
    ...salvage,
    dryRun,
    damagedPacks: isRemoving ? [] : damaged,
    snapshots,
    sweptFiles: dryRun ? 0 : await repository.store.sweep(hourMs, options.clock.now()),
  }
}
