import { stat } from 'node:fs/promises'
import type { Clock } from '@nightshift/shared/clock'
import type { Log } from '../../log.ts'
import type { LineCounts, LogSource, SourceSink, SourceStanding } from '../sources/log-source.ts'
import { FinishedFiles } from './finished-files.ts'
import type { ReadTools } from './followed-file.ts'
import { compileName, expandGlob, isGlob } from '../../globs/expand-glob.ts'
import { Trail, type Claims } from './trail.ts'
import { parseFilePositions, type SavedFiles } from './saved-files.ts'

/** Files that one log follows at once. */
export const maxFiles = 256
/** How often patterns are looked up anew. */
const scanEveryMs = 5000
const sliceBytes = 128 * 1024

export interface FileTailOptions {
  readonly files: readonly string[]
  readonly exclude: readonly string[]
  /** Further says which of the files that match a pattern are read. */
  readonly isWanted?: (path: string) => boolean
  readonly startAt: 'end' | 'beginning'
  readonly maxLineBytes: number
  readonly clock: Clock
  readonly log: Log
  readonly counts: LineCounts
  /** What `save` gave before the restart. */
  readonly saved: unknown
}

/** Follows files by their paths and patterns through rotation, truncation and restarts. */
export class FileTail implements LogSource {
  readonly counts: LineCounts
  readonly #options: FileTailOptions
  readonly #slice: Buffer
  readonly #excluded: readonly ((path: string) => boolean)[]
  readonly #trails = new Map<string, Trail>()
  readonly #finished: FinishedFiles
  readonly #claims: Claims
  #saved: SavedFiles | undefined
  #scanMs = Number.NEGATIVE_INFINITY
  #isFirstScan = true
  #overflow = 0
  #startAt: 'end' | 'beginning'
  #saidBinary = false

  constructor(options: FileTailOptions) {
    this.counts = options.counts
    this.#options = options
    this.#slice = Buffer.allocUnsafeSlow(Math.max(sliceBytes, options.maxLineBytes * 2))
    this.#excluded = options.exclude.map((pattern) => compileName(pattern))
    this.#saved = parseFilePositions(options.saved)
    this.#finished = new FinishedFiles(this.#saved?.finished ?? [])
    this.#claims = {
      isTaken: async (path, found, by) => this.#isExcluded(path) || this.#isFollowed(found, by) || (await this.#finished.has(path, found)),
      finished: (position) => this.#finished.add(position),
    }
    this.#startAt = options.startAt
  }

  async poll(sink: SourceSink): Promise<boolean> {
    const { clock, log, maxLineBytes } = this.#options
    const tools: ReadTools = { slice: this.#slice, maxLineBytes, counts: this.counts, nowMs: clock.now() }
    if (this.#saved !== undefined) await this.#resume(this.#saved, tools)
    this.#saved = undefined
    if (clock.monotonicMs() - this.#scanMs >= scanEveryMs) await this.#scan()
    let isMore = false
    for (const trail of this.#trails.values()) if (await trail.poll(sink, tools, this.#startAt)) isMore = true
    // What appears from now on is new, so nothing that stands in it was there before us.
    this.#startAt = 'beginning'
    if (this.counts.binary > 0 && !this.#saidBinary) {
      this.#saidBinary = true
      log.warn({ lines: this.counts.binary }, 'the log holds lines that are not text; they are counted and left out')
    }
    return isMore
  }

  standing(): SourceStanding {
    const trails = [...this.#trails.values()]
    return {
      files: trails.filter((trail) => !trail.isGone).length,
      overflow: this.#overflow,
      unreadBytes: trails.reduce((sum, trail) => sum + trail.unreadBytes, 0),
      unreadable: trails.filter((trail) => trail.isUnreadable).length,
    }
  }

  save(): SavedFiles {
    if (this.#saved !== undefined) return this.#saved
    const files = [...this.#trails.values()].flatMap((trail) => trail.positions())
    return { savedMs: this.#options.clock.now(), files, finished: this.#finished.save() }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#trails.values()].map((trail) => trail.close()))
    this.#trails.clear()
  }

  async #resume({ files, savedMs }: SavedFiles, tools: ReadTools): Promise<void> {
    const paths = new Set(files.map(({ path }) => path))
    for (const path of paths) {
      const trail = new Trail(path, this.#options.log, this.#claims)
      this.#trails.set(path, trail)
      await trail.resume(
        files.filter((file) => file.path === path),
        savedMs,
        tools,
      )
    }
    if (files.length > 0) this.#startAt = 'beginning'
  }

  async #scan(): Promise<void> {
    const { clock, files, isWanted, log } = this.#options
    this.#scanMs = clock.monotonicMs()
    const found = new Set<string>()
    for (const pattern of files) {
      if (!isGlob(pattern)) found.add(pattern)
      else for (const path of await expandGlob(pattern)) if (isWanted?.(path) !== false) found.add(path)
    }
    for (const [path, trail] of this.#trails) {
      if (found.has(path) || !trail.isGone) continue
      this.#trails.delete(path)
      await trail.close()
    }
    let overflow = 0
    for (const path of found) {
      if (this.#trails.has(path) || (await this.#isRotatedOne(path))) continue
      if (this.#trails.size < maxFiles) this.#trails.set(path, new Trail(path, log, this.#claims))
      else overflow++
    }
    if (overflow > 0 && this.#overflow === 0) log.warn({ overflow }, `more than ${maxFiles} files match; the others are not read`)
    this.#overflow = overflow
    if (found.size === 0 && this.#isFirstScan) log.warn({ files }, 'no file matches yet; waiting for one')
    this.#isFirstScan = false
  }

  #isExcluded(path: string): boolean {
    return this.#excluded.some((fits) => fits(path) || fits(path.slice(path.lastIndexOf('/') + 1)))
  }

  /** A pattern may match rotated files too: what is read already, or was before it got this name, is not read again. */
  async #isRotatedOne(path: string): Promise<boolean> {
    if (/\.(?:gz|bz2|xz|zst|lz4|zip|Z)$/.test(path)) return true
    const found = await stat(path).catch(() => undefined)
    return found !== undefined && (await this.#claims.isTaken(path, found, undefined))
  }

  #isFollowed(found: { dev: number; ino: number }, except: Trail | undefined): boolean {
    return [...this.#trails.values()].some((trail) => trail !== except && trail.follows(found.dev, found.ino))
  }
}
