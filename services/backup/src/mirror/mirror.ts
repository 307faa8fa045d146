import { createHash } from 'node:crypto'
import { createReadStream, watch, type FSWatcher } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Clock } from '@nightshift/shared/clock'
import { formatDuration } from '@nightshift/shared/config/scalars'
import { describeError } from '@nightshift/shared/errors'
import type { MirrorConfig } from '../config/mirror-config.ts'
import { openTarget, type MirrorTarget } from './mirror-target.ts'
import { MirrorBacklog, settleMs } from './mirror-backlog.ts'
import { needsUpload } from './needs-upload.ts'
import { reconcile } from './reconcile.ts'
import { MirrorScope } from './mirror-scope.ts'

interface Parts {
  readonly name: string
  readonly config: MirrorConfig
  readonly clock: Clock
  readonly log: Logger
}

/** How a mirror stands. */
export interface MirrorStanding {
  readonly name: string
  /** How long the oldest change waits to be stored; 0 when nothing does. */
  readonly lagSeconds: number
  readonly isBehind: boolean
  readonly waiting: number
  readonly storedFiles: number
  readonly storedBytes: number
  readonly error: string | null
}

const retryMs = { first: 1000, most: 60_000 } as const

/** Keeps one folder the same elsewhere: what is noticed to change at once, all of it every now and then. */
export class Mirror {
  readonly #parts: Parts
  readonly #scope: MirrorScope
  readonly #backlog = new MirrorBacklog()
  readonly #stopping = new AbortController()
  readonly #missingSince = new Map<string, number>()
  #watcher: FSWatcher | undefined
  #done: Promise<void> = Promise.resolve()
  #wake: () => void = () => undefined
  #nextReconcileMs = 0
  #counts = { files: 0, bytes: 0 }
  #error: string | null = null
  #wasBehind = false

  constructor(parts: Parts) {
    this.#parts = parts
    this.#scope = new MirrorScope(parts.config)
  }

  start(): void {
    this.#backlog.overflow(this.#parts.clock.now())
    this.#done = this.#run().catch((error: unknown) => {
      this.#error = describeError(error)
      this.#parts.log.error({ error, mirror: this.#parts.name }, `the mirror ${this.#parts.name} ended: ${this.#error}`)
    })
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#wake()
    this.#watcher?.close()
    await this.#done
  }

  standing(): MirrorStanding {
    const { clock, config, name } = this.#parts
    const sinceMs = this.#backlog.oldestMs
    const lagMs = sinceMs === undefined ? 0 : Math.max(0, clock.now() - sinceMs)
    const { files, bytes } = this.#counts
    const waiting = this.#backlog.size
    return {
      name,
      lagSeconds: lagMs / 1000,
      isBehind: lagMs > config.lag,
      waiting,
      storedFiles: files,
      storedBytes: bytes,
      error: this.#error,
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    const target = await openTarget(this.#parts.config.to)
    try {
      let failures = 0
      while (!signal.aborted) {
        try {
          await this.#turn(target, signal)
          failures = 0
          this.#error = null
        } catch (error) {
          if (signal.aborted) return
          failures += 1
          this.#note(error)
        }
        this.#tellLag()
        await this.#rest(failures)
      }
    } finally {
      target.close()
    }
  }

  /** All there is to do now. */
  async #turn(target: MirrorTarget, signal: AbortSignal): Promise<void> {
    const { clock, config, log, name } = this.#parts
    this.#watch()
    if (this.#backlog.hasOverflown || clock.now() >= this.#nextReconcileMs) {
      const takenMs = clock.now()
      this.#backlog.beginAll(takenMs)
      const result = await reconcile(this.#scope, target, { config, nowMs: takenMs, missingSince: this.#missingSince, signal })
      for (const path of result.toStore) this.#backlog.add(path, takenMs)
      for (const path of result.toRemove) {
        await target.remove(path, signal)
        this.#missingSince.delete(path)
        log.info({ mirror: name, path }, 'removed from the mirror what is no longer here')
      }
      this.#backlog.endAll()
      if (!result.isComplete) this.#backlog.overflow(takenMs)
      this.#nextReconcileMs = clock.now() + config.reconcile
    }
    for (let path = this.#backlog.next(clock.now()); path !== undefined; path = this.#backlog.next(clock.now())) {
      signal.throwIfAborted()
      await this.#bring(target, path, signal)
      this.#tellLag()
    }
  }

  /** One file; it stays in the backlog until it is stored as it is. */
  async #bring(target: MirrorTarget, path: string, signal: AbortSignal): Promise<void> {
    const taken = this.#backlog.take(path)
    const file = join(this.#parts.config.path, path)
    const before = await lstat(file).catch(() => undefined)
    // What is gone, or no file any more, is a matter of the next comparison of all.
    if (before?.isFile() !== true || !this.#scope.covers(path)) return this.#backlog.finish(path, taken)
    const local = { sizeBytes: before.size, modifiedMs: before.mtimeMs }
    const there = await target.find(path, signal)
    const need = needsUpload(local, there, true)
    if (need === 'yes' || (need === 'look' && (await md5Of(file, signal)) !== there?.md5)) {
      await target.put(path, { file, ...local }, signal)
      this.#counts = { files: this.#counts.files + 1, bytes: this.#counts.bytes + local.sizeBytes }
    }
    const after = await lstat(file).catch(() => undefined)
    const hasChanged = after?.size !== before.size || after.mtimeMs !== before.mtimeMs || after.ino !== before.ino
    if (hasChanged && after !== undefined) this.#backlog.add(path, this.#parts.clock.now())
    this.#backlog.finish(path, taken)
  }

  #watch(): void {
    if (this.#watcher !== undefined) return
    const { clock, config, log, name } = this.#parts
    try {
      const watcher = watch(config.path, { recursive: true, persistent: false })
      this.#watcher = watcher
      watcher.on('change', (_, changed) => {
        if (changed === null) this.#backlog.overflow(clock.now())
        else if (this.#scope.covers(String(changed))) this.#backlog.add(String(changed), clock.now())
        this.#wake()
      })
      watcher.on('error', (error) => {
        log.warn({ mirror: name, error }, `changes of ${config.path} are not noticed: ${describeError(error)}; all is compared anew`)
        watcher.close()
        this.#watcher = undefined
        this.#backlog.overflow(clock.now())
      })
    } catch (error) {
      log.warn(
        { mirror: name, error },
        `changes of ${config.path} are not noticed: ${describeError(error)}; all is compared every so often`,
      )
    }
  }

  #note(error: unknown): void {
    const { log, name } = this.#parts
    const message = describeError(error)
    if (this.#error !== message) log.warn({ mirror: name, error }, `the mirror ${name} is held up: ${message}`)
    this.#error = message
  }

  /** Once when it falls behind, once when it has caught up. */
  #tellLag(): void {
    const { config, log, name } = this.#parts
    const { isBehind, lagSeconds, waiting } = this.standing()
    if (isBehind === this.#wasBehind) return
    this.#wasBehind = isBehind
    if (isBehind) log.warn({ mirror: name, lagSeconds, waiting }, `the mirror ${name} is more than ${formatDuration(config.lag)} behind`)
    else log.info({ mirror: name }, `the mirror ${name} has caught up`)
  }

  async #rest(failures: number): Promise<void> {
    const { clock } = this.#parts
    const { signal } = this.#stopping
    if (failures > 0) {
      await sleep(Math.min(retryMs.most, retryMs.first * 2 ** Math.min(failures - 1, 10)), undefined, { signal }).catch(() => undefined)
      return
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    const waitMs = this.#backlog.size > 0 ? settleMs : Math.max(settleMs, this.#nextReconcileMs - clock.now())
    const timer = setTimeout(resolve, Math.min(waitMs, retryMs.most))
    if (signal.aborted) resolve()
    await promise
    clearTimeout(timer)
  }
}

async function md5Of(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('md5')
  for await (const chunk of createReadStream(file, { signal })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
