import type { Clock } from '@nightshift/shared/clock'
import { acquireLock } from '../lock/repository-lock.ts'
import { defaultPackBytes } from '../repository/pack/pack-builder.ts'
import type { Repository } from '../repository/repository.ts'
import { listIndexFiles, rewriteIndex } from './index-files.ts'
import { planPrune, type PruneFigures, type PrunePolicy } from './plan.ts'
import { repackBlobs } from './repack.ts'
import { findUsedBlobs } from './used-blobs.ts'

export interface PruneOptions {
  readonly hostname: string
  readonly clock: Clock
  /** How long a pack that nothing needs stays; the default is a day. */
  readonly graceMs?: number
  /** Share of what may lie unused in packs that are partly used; the default is 0.05. */
  readonly maxUnused?: number
  /** Only plans; takes no lock that removes anything, but one that keeps others from removing. */
  readonly dryRun?: boolean
  /** How long to wait for others to end. */
  readonly waitMs?: number
  readonly signal?: AbortSignal
}

export interface PruneReport extends PruneFigures {
  readonly dryRun: boolean
  readonly snapshots: number
  /** Leftovers of writes that were cut off. */
  readonly sweptFiles: number
}

const dayMs = 86_400_000
const parallelRemovals = 8

/**
 * Removes what no snapshot needs, in two looks: a pack that nothing needs is marked, and removed by a later run if it has been marked for
 * the grace and is still not needed. Cut off at any point it leaves a repository that is whole, and the next run goes on.
 */
export async function prune(repository: Repository, options: PruneOptions): Promise<PruneReport> {
  const dryRun = options.dryRun === true
  const lock = await acquireLock(repository, { ...options, exclusive: !dryRun })
  try {
    const signal = options.signal === undefined ? lock.signal : AbortSignal.any([lock.signal, options.signal])
    return await pruneLocked(repository, options, dryRun, signal)
  } finally {
    await lock.release()
  }
}

async function pruneLocked(repository: Repository, options: PruneOptions, dryRun: boolean, signal: AbortSignal): Promise<PruneReport> {
  // A run of ours that failed may have stored packs that no index file tells of yet.
  if (!dryRun) await repository.indexWriter.flush(signal)
  // What was known before the lock may be gone.
  await repository.loadIndex(signal)
  const { store, index } = repository
  const indexFiles = await listIndexFiles(repository, signal)
  const files = new Map<string, number>()
  for await (const { id, sizeBytes } of store.list('data', signal)) files.set(id, sizeBytes)
  const known = [...index.packs()]
  index.removePacks(known.filter((packId) => !files.has(packId)))
  const used = await findUsedBlobs(repository, signal)
  const plan = planPrune(
    {
      indexed: { [Symbol.iterator]: () => packsOf(repository, known) },
      files,
      isUsed: (type, id) => used.has(type, id),
      marks: indexFiles.marks,
      nowMs: options.clock.now(),
    },
    policyOf(options),
  )
  const report = { ...plan.figures, dryRun, snapshots: used.snapshots, sweptFiles: 0 }
  if (dryRun) return report
  await repackBlobs(repository, plan, (type, id) => used.has(type, id), signal)
  await rewriteIndex(repository, indexFiles, { forgotten: plan.forget, marks: plan.marks }, signal)
  index.removePacks(plan.forget)
  for (let start = 0; start < plan.remove.length; start += parallelRemovals) {
    signal.throwIfAborted()
    await Promise.all(plan.remove.slice(start, start + parallelRemovals).map(async (id) => store.remove({ type: 'data', id }, signal)))
  }
  return { ...report, sweptFiles: await store.sweep(dayMs, options.clock.now()) }
}

function* packsOf(repository: Repository, packIds: readonly string[]) {
  for (const packId of packIds) yield { packId, blobs: repository.index.blobsOf(packId) }
}

function policyOf(options: PruneOptions): PrunePolicy {
  return {
    graceMs: options.graceMs ?? dayMs,
    maxUnused: options.maxUnused ?? 0.05,
    smallPackBytes: defaultPackBytes / 4,
    fullPackBytes: defaultPackBytes,
  }
}
