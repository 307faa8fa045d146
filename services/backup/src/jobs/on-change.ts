import { watch, type FSWatcher } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { describeError } from '@nightshift/shared/errors'

/** When a change is followed by a run. */
export interface ChangeTerms {
  /** Quiet for so long, and the run goes. */
  readonly debounceMs: number
  /** It goes after this even when it never gets quiet. */
  readonly maxWaitMs: number
}

/** What is known of changes that no run has taken up. */
export interface ChangeMarks {
  readonly firstMs: number
  readonly lastMs: number
}

/** Pure: when the run for these changes is due. */
export function changeDueMs(terms: ChangeTerms, marks: ChangeMarks): number {
  return Math.min(marks.lastMs + terms.debounceMs, marks.firstMs + terms.maxWaitMs)
}

interface Options {
  readonly paths: readonly string[]
  readonly terms: ChangeTerms
  readonly now: () => number
  readonly onDue: () => void
  /** A path cannot be watched (it is not there, too many watches): it is tried again, and each time a run goes, for what was missed is not known. */
  readonly onTrouble: (path: string, reason: string) => void
  /** The default is a minute. */
  readonly retryMs?: number
}

const defaultRetryMs = 60_000

/** Watches folders and files, and says when what changed has come to rest. */
export class ChangeWatch {
  readonly #options: Options
  readonly #watchers = new Map<string, FSWatcher>()
  readonly #retries = new Map<string, NodeJS.Timeout>()
  #marks: ChangeMarks | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: Options) {
    this.#options = options
  }

  async start(): Promise<void> {
    for (const path of this.#options.paths) await this.#open(path)
  }

  /** A run begins that will see what changed up to now. */
  forget(): void {
    clearTimeout(this.#timer)
    this.#marks = undefined
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    for (const timer of this.#retries.values()) clearTimeout(timer)
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
    this.#retries.clear()
  }

  async #open(path: string): Promise<void> {
    try {
      const isFolder = (await stat(path)).isDirectory()
      if (this.#isClosed) return
      // A file is watched by its folder: editors put a new file in its place, and a database writes beside its own.
      const watcher = watch(isFolder ? path : dirname(path), { recursive: isFolder, persistent: false })
      this.#watchers.set(path, watcher)
      watcher.on('change', (_, name) => {
        if (isFolder || name === null || String(name).startsWith(basename(path))) this.#note()
      })
      watcher.on('error', (error) => this.#lose(path, error))
    } catch (error) {
      this.#lose(path, error)
    }
  }

  #lose(path: string, error: unknown): void {
    if (this.#isClosed || this.#retries.has(path)) return
    this.#watchers.get(path)?.close()
    this.#watchers.delete(path)
    this.#options.onTrouble(path, describeError(error))
    const retry = (): void => {
      this.#retries.delete(path)
      void this.#open(path).then(() => {
        if (this.#watchers.has(path)) this.#note()
      })
    }
    this.#retries.set(path, setTimeout(retry, this.#options.retryMs ?? defaultRetryMs))
  }

  #note(): void {
    const { now, terms } = this.#options
    if (this.#isClosed) return
    const nowMs = now()
    this.#marks = { firstMs: this.#marks?.firstMs ?? nowMs, lastMs: nowMs }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#fire(), Math.max(0, changeDueMs(terms, this.#marks) - nowMs))
  }

  #fire(): void {
    this.#marks = undefined
    if (!this.#isClosed) this.#options.onDue()
  }
}
