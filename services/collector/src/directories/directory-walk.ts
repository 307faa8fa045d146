import { lstat as ask, type Dir, type Stats } from 'node:fs'
import { lstat, opendir } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { ContractError } from '@nightshift/shared/errors'

/** A block of `stat` is 512 bytes, whatever the file system uses. */
const blockBytes = 512
/** A walk works so long and then rests so long: it costs at most a fifth of a processor while it runs. */
const sliceMs = 5
const restMs = 20
const maxWalkMs = 15 * 60_000
/** Files with several names that are remembered; beyond it each name counts. */
const maxLinked = 200_000
/** Entries that are read from a directory, and asked about, in one go. */
const batchSize = 128

export interface DirectorySize {
  readonly sizeBytes: number
  readonly apparentBytes: number
  readonly files: number
  readonly directories: number
  readonly unreadable: number
  /** Times of the last change; undefined without a file. */
  readonly newestMs: number | undefined
  readonly oldestMs: number | undefined
  readonly isTruncated: boolean
}

export interface WalkLimits {
  readonly maxEntries: number
  readonly maxDepth: number
  readonly signal: AbortSignal
  /** A monotonic clock. */
  nowMs(): number
}

/**
 * What a directory holds. One question to the file system at a time, so a walk that meets a file system that hangs holds one thread and no
 * more. Follows no link, stays on its file system, and ends at its limits. Rejects when the directory itself cannot be read, or when aborted.
 */
export async function measureDirectory(path: string, limits: WalkLimits): Promise<DirectorySize> {
  const top = await lstat(path)
  if (!top.isDirectory()) {
    throw new ContractError(
      'not_a_directory',
      `${path} is ${top.isSymbolicLink() ? 'a link: name the directory that it leads to' : 'no directory'}`,
    )
  }
  const walk = new DirectoryWalk(top, limits)
  await walk.enter(path, 1)
  return walk.size()
}

class DirectoryWalk {
  readonly #device: number
  readonly #limits: WalkLimits
  readonly #linked = new Set<number>()
  readonly #endMs: number
  #sliceEndMs: number
  #sizeBytes: number
  #apparentBytes = 0
  #files = 0
  #directories = 0
  #unreadable = 0
  #entries = 0
  #newestMs: number | undefined
  #oldestMs: number | undefined
  #isTruncated = false

  constructor(top: Stats, limits: WalkLimits) {
    this.#device = top.dev
    this.#sizeBytes = top.blocks * blockBytes
    this.#limits = limits
    this.#sliceEndMs = limits.nowMs() + sliceMs
    this.#endMs = limits.nowMs() + maxWalkMs
  }

  size(): DirectorySize {
    return {
      sizeBytes: this.#sizeBytes,
      apparentBytes: this.#apparentBytes,
      files: this.#files,
      directories: this.#directories,
      unreadable: this.#unreadable,
      newestMs: this.#newestMs,
      oldestMs: this.#oldestMs,
      isTruncated: this.#isTruncated,
    }
  }

  /** Depth first: directories that are open are at most as many as it is deep. Rejects when this directory cannot be read, or when aborted. */
  async enter(path: string, depth: number): Promise<void> {
    const directory = await opendir(path, { bufferSize: batchSize })
    try {
      for (;;) {
        const names = await readBatch(directory)
        if (names.length === 0 || this.#isOver()) return
        await this.#rest()
        for (const [index, stats] of (await askAll(path, names)).entries()) await this.#take(`${path}/${names[index] ?? ''}`, stats, depth)
      }
    } finally {
      await directory.close().catch(() => undefined)
    }
  }

  async #take(path: string, stats: Stats | undefined, depth: number): Promise<void> {
    if (this.#entries >= this.#limits.maxEntries) {
      this.#isTruncated = true
      return
    }
    this.#entries++
    if (stats === undefined) this.#unreadable++
    else if (stats.dev !== this.#device) return
    else if (stats.isDirectory()) await this.#takeDirectory(path, stats, depth)
    else this.#takeFile(stats)
  }

  async #takeDirectory(path: string, stats: Stats, depth: number): Promise<void> {
    this.#directories++
    this.#sizeBytes += stats.blocks * blockBytes
    if (depth >= this.#limits.maxDepth) {
      this.#isTruncated = true
      return
    }
    try {
      await this.enter(path, depth + 1)
    } catch (error) {
      if (this.#limits.signal.aborted) throw error
      this.#unreadable++
    }
  }

  #takeFile(stats: Stats): void {
    this.#files++
    this.#newestMs = Math.max(this.#newestMs ?? stats.mtimeMs, stats.mtimeMs)
    this.#oldestMs = Math.min(this.#oldestMs ?? stats.mtimeMs, stats.mtimeMs)
    if (stats.nlink > 1 && this.#isKnownLink(stats.ino)) return
    this.#sizeBytes += stats.blocks * blockBytes
    this.#apparentBytes += stats.size
  }

  #isKnownLink(inode: number): boolean {
    if (this.#linked.has(inode)) return true
    if (this.#linked.size < maxLinked) this.#linked.add(inode)
    return false
  }

  #isOver(): boolean {
    this.#limits.signal.throwIfAborted()
    const isOver = this.#entries >= this.#limits.maxEntries || this.#limits.nowMs() > this.#endMs
    if (isOver) this.#isTruncated = true
    return isOver
  }

  async #rest(): Promise<void> {
    if (this.#limits.nowMs() < this.#sliceEndMs) return
    await setTimeout(restMs)
    this.#sliceEndMs = this.#limits.nowMs() + sliceMs
  }
}

async function readBatch(directory: Dir): Promise<string[]> {
  const names: string[] = []
  while (names.length < batchSize) {
    const entry = await directory.read()
    if (entry === null) break
    names.push(entry.name)
  }
  return names
}

/** One question after the other, by callbacks: a promise for each would double what a walk costs. Undefined for what cannot be read. */
async function askAll(folder: string, names: readonly string[]): Promise<(Stats | undefined)[]> {
  const { promise, resolve } = Promise.withResolvers<(Stats | undefined)[]>()
  const answers: (Stats | undefined)[] = []
  const next = (): void => {
    const name = names[answers.length]
    if (name === undefined) return resolve(answers)
    ask(`${folder}/${name}`, (error, stats) => {
      answers.push(error === null ? stats : undefined)
      next()
    })
  }
  next()
  return await promise
}
