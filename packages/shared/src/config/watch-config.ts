import { watch, type FSWatcher } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Diagnostic } from './diagnostic.ts'

/** What came of reading the configuration again: loadConfig and readConfigInChild give it. */
export type LoadOutcome<C> =
  | (C & { ok: true; files: readonly string[] })
  | { ok: false; diagnostics: readonly Diagnostic[]; files: readonly string[] }

/** Why the old configuration stays. */
export type Rejection = { diagnostics: readonly Diagnostic[] } | { error: unknown }

export interface WatchOptions<C> {
  /** Every file of the configuration that runs now, secrets included. */
  files: readonly string[]
  load(): Promise<LoadOutcome<C>>
  /** Puts a good configuration to use. When it throws, the old one counts as kept. */
  apply(loaded: C & { ok: true; files: readonly string[] }): Promise<void>
  /** Called with what is wrong; the old configuration stays in use. */
  reject(rejection: Rejection): void
  /** Where SIGHUP comes from. */
  signals?: Pick<NodeJS.EventEmitter, 'on' | 'off'>
  /** The files must have been still for so long. */
  settleMs?: number
  /** Files are looked at this often even without a notice: network and bind mounts give none. */
  pollMs?: number
}

export interface ConfigWatch {
  /** Reads the configuration now, whether or not a file has changed; resolves when it is applied or rejected. */
  reload(): Promise<void>
  stop(): Promise<void>
}

/** A file that never stops changing is read at last after so many waits. */
const maxWaits = 20

/**
 * Reads the configuration again on SIGHUP and when one of its files changes. Folders are watched, not files: editors and Kubernetes
 * replace files by renaming. Loads neither zod nor yaml, so the collector can use it.
 */
export async function watchConfig<C>(options: WatchOptions<C>): Promise<ConfigWatch> {
  const watcher = new Watcher(options)
  await watcher.start()
  return watcher
}

class Watcher<C> implements ConfigWatch {
  readonly #options: WatchOptions<C>
  readonly #folders = new Map<string, FSWatcher>()
  readonly #onSignal = () => void this.reload()
  readonly #signals: Pick<NodeJS.EventEmitter, 'on' | 'off'>
  readonly #settleMs: number
  readonly #pollMs: number
  #files: readonly string[]
  #known = ''
  #timer: NodeJS.Timeout | undefined
  #poll: NodeJS.Timeout | undefined
  #work: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(options: WatchOptions<C>) {
    this.#options = options
    this.#files = options.files
    this.#signals = options.signals ?? process
    this.#settleMs = options.settleMs ?? 250
    this.#pollMs = options.pollMs ?? 10_000
  }

  async start(): Promise<void> {
    this.#known = await signatureOf(this.#files)
    await this.#watchFolders()
    this.#signals.on('SIGHUP', this.#onSignal)
    this.#poll = setInterval(() => this.#notice(), this.#pollMs)
    this.#poll.unref()
  }

  reload(): Promise<void> {
    return this.#enqueue(() => this.#read())
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#signals.off('SIGHUP', this.#onSignal)
    clearTimeout(this.#timer)
    clearInterval(this.#poll)
    for (const folder of this.#folders.values()) folder.close()
    this.#folders.clear()
    await this.#work
  }

  /** Something happened in one of the folders. Whether it concerns us is seen once it has settled. */
  #notice(): void {
    if (this.#timer !== undefined || this.#isStopped) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#enqueue(() => this.#readIfChanged())
    }, this.#settleMs)
    this.#timer.unref()
  }

  /** One at a time, in order. Nothing that is queued can fail: what goes wrong is handed to `reject`. */
  #enqueue(job: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(async () => {
      if (this.#isStopped) return
      try {
        await job()
      } catch (error) {
        this.#options.reject({ error })
      }
    })
    return this.#work
  }

  async #readIfChanged(): Promise<void> {
    await this.#watchFolders()
    let signature = await signatureOf(this.#files)
    if (signature === this.#known) return
    for (let waits = 0; waits < maxWaits && !this.#isStopped; waits++) {
      await new Promise((resolve) => setTimeout(resolve, this.#settleMs))
      const later = await signatureOf(this.#files)
      if (later === signature) break
      signature = later
    }
    if (!this.#isStopped && signature !== this.#known) await this.#read()
  }

  async #read(): Promise<void> {
    // Before reading: a change during it is then seen afterwards.
    const signature = await signatureOf(this.#files)
    const loaded = await this.#options.load()
    const isSameSet = loaded.files.length === this.#files.length && loaded.files.every((file, index) => file === this.#files[index])
    this.#files = loaded.files
    this.#known = isSameSet ? signature : await signatureOf(this.#files)
    await this.#watchFolders()
    if (loaded.ok) await this.#options.apply(loaded)
    else this.#options.reject({ diagnostics: loaded.diagnostics })
  }

  /** Watches the folders of the files, and of what they link to. Those that cannot be watched are left to the poll. */
  async #watchFolders(): Promise<void> {
    const wanted = new Set<string>()
    for (const file of this.#files) {
      wanted.add(dirname(file))
      const target = await realpath(file).catch(() => file)
      wanted.add(dirname(target))
    }
    for (const [folder, watcher] of this.#folders) {
      if (wanted.has(folder)) continue
      watcher.close()
      this.#folders.delete(folder)
    }
    for (const folder of wanted) if (!this.#folders.has(folder) && !this.#isStopped) this.#watchFolder(folder)
  }

  #watchFolder(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#notice())
      // A folder that is gone is watched anew when it is back.
      watcher.on('error', () => this.#forget(folder, watcher))
      this.#folders.set(folder, watcher)
    } catch {
      this.#folders.delete(folder)
    }
  }

  #forget(folder: string, watcher: FSWatcher): void {
    watcher.close()
    if (this.#folders.get(folder) === watcher) this.#folders.delete(folder)
  }
}

/** Differs when a file was replaced, written, removed or brought back. */
async function signatureOf(files: readonly string[]): Promise<string> {
  const parts = await Promise.all(
    files.map(async (file) => {
      try {
        const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
        return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`
      } catch {
        return 'absent'
      }
    }),
  )
  return parts.join(' ')
}
