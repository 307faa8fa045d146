import { describeError } from '@nightshift/shared/errors'
import { measureDirectory, type DirectorySize } from '../directories/directory-walk.ts'
import { insideRoot } from '../procfs/host-paths.ts'
import { round } from './rates.ts'
import { label, unsupported, type Item, type SourceDefinition } from './source.ts'

/** How long a look waits for its walks, at most: what is not done then is told by the next look, and its age by this one. */
const maxPatienceMs = 60_000

interface Measured {
  readonly size: DirectorySize | null
  readonly walkMs: number
  readonly endedMs: number
}

/** Walks through the directories of the config one after the other, and tells what the last walk of each found. */
export const dirSource: SourceDefinition<'dir'> = {
  group: 'dir',
  open(host, config, { clock, log, everyMs }) {
    const patienceMs = Math.min(maxPatienceMs, everyMs / 4)
    const stopping = new AbortController()
    const measured = new Map<string, Measured>()
    const complaints = new Map<string, string>()
    let walking: Promise<void> | undefined
    const measure = async (path: string): Promise<void> => {
      const startMs = clock.monotonicMs()
      const limits = {
        maxEntries: config.max_entries,
        maxDepth: config.max_depth,
        signal: stopping.signal,
        nowMs: () => clock.monotonicMs(),
      }
      let size: DirectorySize | null = null
      try {
        size = await measureDirectory(insideRoot(host, path), limits)
        complaints.delete(path)
      } catch (error) {
        if (stopping.signal.aborted) return
        const complaint = describeError(error)
        if (complaints.get(path) !== complaint) log.warn({ path, error }, `the size of ${path} cannot be told`)
        complaints.set(path, complaint)
      }
      const endedMs = clock.monotonicMs()
      measured.set(path, { size, walkMs: endedMs - startMs, endedMs })
    }
    const measureAll = async (): Promise<void> => {
      for (const path of config.paths) if (!stopping.signal.aborted) await measure(path)
    }
    return {
      async read() {
        if (config.paths.length === 0) throw unsupported('no directory is configured in collector.groups.dir.paths')
        walking ??= measureAll().finally(() => {
          walking = undefined
        })
        await waitFor(walking, patienceMs)
        const items = config.paths.flatMap((path) => dirItem(path, measured.get(path), clock.monotonicMs(), clock.now()))
        return { items, unreadable: complaints.size }
      },
      close: () => stopping.abort(),
    }
  },
}

/** None before the first walk has ended; all null when the directory itself cannot be read. */
function dirItem(path: string, measured: Measured | undefined, monotonicMs: number, nowMs: number): Item[] {
  if (measured === undefined) return []
  const { size, walkMs, endedMs } = measured
  const age = (ms: number | undefined): number | null => (ms === undefined ? null : round(Math.max(0, nowMs - ms) / 1000))
  return [
    {
      path: label(path),
      size_bytes: size?.sizeBytes ?? null,
      apparent_bytes: size?.apparentBytes ?? null,
      files: size?.files ?? null,
      directories: size?.directories ?? null,
      unreadable: size?.unreadable ?? null,
      newest_age_seconds: age(size?.newestMs),
      oldest_age_seconds: age(size?.oldestMs),
      truncated: size === null ? null : Number(size.isTruncated),
      walk_seconds: round(walkMs / 1000),
      walk_age_seconds: round((monotonicMs - endedMs) / 1000),
    },
  ]
}

async function waitFor(round: Promise<void>, ms: number): Promise<void> {
  const { promise: patienceEnded, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([round, patienceEnded])
  clearTimeout(timer)
}
