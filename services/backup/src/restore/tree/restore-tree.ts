import { availableParallelism } from 'node:os'
import type { Repository } from '../../repository/repository.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import { Landing } from './landing.ts'
import { RestoreRun } from './restore-run.ts'
import { WriterPool } from './workers/writer-pool.ts'

export interface RestoreProgress {
  readonly doneBytes: number
  readonly totalBytes: number | null
  readonly doneItems: number
  readonly totalItems: number | null
  readonly currentPath: string
}

export interface RestoreOptions {
  /** The folder that `/` of the snapshot becomes. */
  readonly to: string
  /** Paths of the snapshot, with all below them; the default is everything but `/.nightshift`. */
  readonly include?: readonly string[]
  readonly workers?: number
  /** Reads what was written and compares it with the hashes of the snapshot. */
  readonly verify?: boolean
  /** Owners are set where this process may; on by default. */
  readonly owners?: boolean
  /** What happens to a file that is there already; the default is that a folder with anything in it is refused. */
  readonly existing?: 'refuse' | 'replace' | 'keep'
  readonly signal: AbortSignal
  onProgress(progress: RestoreProgress): void
}

export interface RestoreResult {
  readonly files: number
  readonly folders: number
  readonly bytes: number
  readonly verifiedFiles: number
  /** Files and folders whose content is lost or damaged; each is among the problems. */
  readonly lostFiles: number
  readonly kept: number
  /** What could not be restored as it was, and why: the first thousand. */
  readonly problems: readonly { readonly path: string; readonly reason: string }[]
  readonly problemCount: number
}

const progressEveryMs = 250
const maxDefaultWorkers = 4

/**
 * Writes the tree of a snapshot below a folder. What is lost or damaged costs the files that need it, which are named; all others are
 * restored. Times are kept to a quarter of a microsecond, which is what Node can set.
 */
export async function restoreTree(repository: Repository, snapshot: Snapshot, options: RestoreOptions): Promise<RestoreResult> {
  options.signal.throwIfAborted()
  const landing = new Landing(options)
  landing.prepare()
  const bytesWritten = new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT)
  const workers = options.workers ?? Math.min(availableParallelism(), maxDefaultWorkers)
  const pool = new WriterPool(workers, { keys: repository.keys, bytesWritten })
  const abort = (): void => void pool.close(options.signal.reason)
  options.signal.addEventListener('abort', abort)
  const run = new RestoreRun({ repository, snapshot, options, landing, pool, workers })
  const isWhole = options.include === undefined
  const say = (): void =>
    options.onProgress({
      doneBytes: Number(Atomics.load(new BigInt64Array(bytesWritten), 0)),
      totalBytes: (isWhole ? snapshot.summary?.bytesProcessed : undefined) ?? null,
      doneItems: run.items,
      totalItems: (isWhole ? snapshot.summary?.filesProcessed : undefined) ?? null,
      currentPath: run.currentPath,
    })
  const timer = setInterval(say, progressEveryMs)
  try {
    const result = await run.run()
    say()
    return result
  } finally {
    clearInterval(timer)
    options.signal.removeEventListener('abort', abort)
    await pool.close()
  }
}
