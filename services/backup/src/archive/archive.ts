import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '@nightshift/shared/clock'
import { TokenBucket } from '../destinations/token-bucket.ts'
import { BlobWriter } from '../repository/blob-writer.ts'
import type { Repository } from '../repository/repository.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { Material } from '../sources/source.ts'
import { ArchiveRun } from './archive-run.ts'
import { RunTally } from './run-tally.ts'
import { ReaderPool } from './workers/reader-pool.ts'

export interface ArchiveProgress {
  readonly doneBytes: number
  readonly totalBytes: number | null
  readonly doneItems: number
  readonly totalItems: number | null
  readonly currentPath: string
}

export interface ArchiveOptions {
  readonly hostname: string
  readonly username: string
  readonly tags: readonly string[]
  /** Time of the snapshot. */
  readonly nowMs: number
  readonly clock: Clock
  /** Files that are as they were in it are not read again. */
  readonly parent?: Snapshot
  /** Threads that read; by default one a core, four at most. */
  readonly workers?: number
  /** Every blob is opened again before it counts; on by default. */
  readonly verify?: boolean
  /** Of what is stored. */
  readonly bytesPerSecond?: number
  /** An index file is written after so long, from which a run that was cut off goes on; ten minutes by default. */
  readonly checkpointMs?: number
  /** A person said that a folder which the parent has files of may be empty now. */
  readonly acceptEmpty?: boolean
  readonly signal: AbortSignal
  /** What `/.nightshift/manifest.json` says, from what the source counted. */
  manifest(facts: Readonly<Record<string, number | string>>): object
  onProgress(progress: ArchiveProgress): void
}

/** What is not in the snapshot as it lies on the disk, and why. */
export interface Skipped {
  readonly path: string
  readonly reason: string
  /** unread: it is there and could not be read. vanished: it was gone when its turn came. stored: all the same, with that reservation. */
  readonly kind: 'unread' | 'vanished' | 'stored'
}

export interface ArchiveResult {
  readonly snapshot: Snapshot
  readonly filesNew: number
  readonly filesChanged: number
  readonly filesUnmodified: number
  /** Bytes of all files and streams, also of those that were not read again. */
  readonly bytesProcessed: number
  /** Bytes that the repository has grown by. */
  readonly addedBytes: number
  /** The first thousand of them. */
  readonly skipped: readonly Skipped[]
  readonly skippedCount: number
  /** Of them, those that are there and could not be read. */
  readonly unreadCount: number
}

/** How often progress is told. */
const progressEveryMs = 250
const maxDefaultWorkers = 4

/**
 * Brings what a source has opened into the repository, and makes the snapshot of it. The snapshot is the last thing that is written: a run
 * that ends before leaves packs that the next run finds in the index, and nothing that looks like a backup.
 */
export async function archive(repository: Repository, material: Material, options: ArchiveOptions): Promise<ArchiveResult> {
  options.signal.throwIfAborted()
  const bytesRead = new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT)
  const tally = new RunTally(bytesRead)
  const writer = new BlobWriter(repository, {
    clock: options.clock,
    signal: options.signal,
    verify: options.verify ?? true,
    ...(options.checkpointMs === undefined ? {} : { checkpointMs: options.checkpointMs }),
  })
  const bucket = options.bytesPerSecond === undefined ? undefined : new TokenBucket(options.bytesPerSecond)
  const pool = new ReaderPool(
    options.workers ?? Math.min(availableParallelism(), maxDefaultWorkers),
    {
      keys: repository.keys,
      polynomial: repository.polynomial,
      index: repository.index.share(),
      verify: options.verify ?? true,
      bytesRead,
    },
    async ({ packId, bytes, blobs }) => {
      const waitMs = bucket?.take(bytes.length, options.clock.monotonicMs()) ?? 0
      if (waitMs > 0) await delay(waitMs, undefined, { signal: options.signal })
      await writer.addPack(packId, bytes, blobs)
    },
  )
  const abort = (): void => void pool.close(options.signal.reason)
  options.signal.addEventListener('abort', abort)
  const totals = options.parent?.summary
  const say = (): void => options.onProgress(tally.progress(totals?.bytesProcessed ?? null, totals?.filesProcessed ?? null))
  const timer = setInterval(say, progressEveryMs)
  try {
    const snapshot = await new ArchiveRun({ repository, material, options, tally, writer, pool }).run()
    say()
    return {
      snapshot,
      filesNew: tally.filesNew,
      filesChanged: tally.filesChanged,
      filesUnmodified: tally.filesUnmodified,
      bytesProcessed: tally.bytes,
      addedBytes: writer.addedBytes,
      skipped: tally.skipped,
      skippedCount: tally.skippedCount,
      unreadCount: tally.unreadCount,
    }
  } finally {
    clearInterval(timer)
    options.signal.removeEventListener('abort', abort)
    await pool.close()
  }
}
