import type { Clock } from '@nightshift/shared/clock'
import type { Fleet } from '../fleet/fleet.ts'
import { deltaMessage, snapshotMessage, type ConsoleStatus, type LiveMessage } from './snapshot.ts'

export interface ViewersOptions {
  fleet: Fleet
  clock: Clock
  status(): ConsoleStatus
  /** Asked at each new viewer, for the configuration may change. */
  maxViewers(): number
  /** At most so often does one viewer get news. */
  intervalMs?: number
  heartbeatMs?: number
  /** A viewer that takes nothing for so long is cut off. */
  stallMs?: number
}

interface Viewer {
  /** Keys that changed since the last message to it; their values are looked up when they are sent, so a slow one costs no more. */
  readonly pending: Set<string>
  /** Ends whatever pause its stream is in. */
  resume: (() => void) | undefined
  /** The same, but only set while it waits for news. */
  wake: (() => void) | undefined
  /** Since when (monotonic) its connection takes nothing; undefined while it waits for us. */
  blockedSinceMs: number | undefined
  cut(): void
}

/** Of one viewer; beyond it a fresh snapshot is cheaper than the news. */
const maxPendingKeys = 20_000
const encoder = new TextEncoder()

/** The browsers that watch. Each has a stream that is pulled: a message is only made when the connection can take it. */
export class Viewers {
  readonly #options: Required<ViewersOptions>
  readonly #viewers = new Set<Viewer>()
  readonly #watchdog: NodeJS.Timeout
  readonly #stopListening: () => void
  #isStopped = false
  opened = 0
  refused = 0
  cutOff = 0

  constructor(options: ViewersOptions) {
    this.#options = { intervalMs: 250, heartbeatMs: 15_000, stallMs: 30_000, ...options }
    this.#stopListening = options.fleet.onChange((keys) => this.#note(keys))
    this.#watchdog = setInterval(() => this.#cutStalled(), Math.max(50, this.#options.stallMs / 4))
    this.#watchdog.unref()
  }

  get count(): number {
    return this.#viewers.size
  }

  /** Whether the next viewer would be refused. */
  get isFull(): boolean {
    return this.#isStopped || this.#viewers.size >= this.#options.maxViewers()
  }

  /** Keys waiting for the slowest viewer. */
  get maxPending(): number {
    return Math.max(0, ...Array.from(this.#viewers, (viewer) => viewer.pending.size))
  }

  /** A stream of server-sent events, or undefined when there are too many viewers. `cut` ends the connection of one that does not read. */
  open(cut: () => void): ReadableStream<Uint8Array> | undefined {
    if (this.isFull) {
      this.refused++
      return undefined
    }
    this.opened++
    const { clock } = this.#options
    const viewer: Viewer = { pending: new Set(), resume: undefined, wake: undefined, blockedSinceMs: clock.monotonicMs(), cut }
    this.#viewers.add(viewer)
    let isFirst = true
    let isCancelled = false
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          viewer.blockedSinceMs = undefined
          const text = isFirst ? this.#snapshot(viewer) : await this.#news(viewer)
          isFirst = false
          viewer.blockedSinceMs = clock.monotonicMs()
          if (text !== undefined) controller.enqueue(encoder.encode(text))
          else if (!isCancelled) controller.close()
        },
        cancel: () => {
          isCancelled = true
          this.#forget(viewer)
        },
      },
      { highWaterMark: 0 },
    )
  }

  /** Tells all that something besides the entries changed, e.g. the bus went away. */
  announce(): void {
    for (const viewer of this.#viewers) viewer.wake?.()
  }

  /** Ends every stream. */
  stop(): void {
    this.#isStopped = true
    clearInterval(this.#watchdog)
    this.#stopListening()
    for (const viewer of this.#viewers) {
      const isBlocked = viewer.resume === undefined
      this.#forget(viewer)
      if (isBlocked) viewer.cut()
    }
  }

  #note(keys: readonly string[]): void {
    for (const viewer of this.#viewers) {
      for (const key of keys) viewer.pending.add(key)
      if (viewer.pending.size > maxPendingKeys) this.#cut(viewer)
      else viewer.wake?.()
    }
  }

  #snapshot(viewer: Viewer): string {
    viewer.pending.clear()
    const { fleet, status, clock } = this.#options
    return `retry: 2000\n${formatEvent('snapshot', snapshotMessage(fleet, status(), clock.now()))}`
  }

  /** The next message: news at the earliest after one interval, a heartbeat at the latest; undefined when it is over. */
  async #news(viewer: Viewer): Promise<string | undefined> {
    const { fleet, status, clock, intervalMs, heartbeatMs } = this.#options
    await this.#pause(viewer, intervalMs, false)
    if (viewer.pending.size === 0) await this.#pause(viewer, heartbeatMs - intervalMs, true)
    if (!this.#viewers.has(viewer)) return undefined
    const message = formatEvent('delta', deltaMessage(fleet, status(), viewer.pending, clock.now()))
    const isHeartbeat = viewer.pending.size === 0
    viewer.pending.clear()
    return isHeartbeat ? `: still here\n${message}` : message
  }

  async #pause(viewer: Viewer, ms: number, untilNews: boolean): Promise<void> {
    if (!this.#viewers.has(viewer)) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        viewer.resume = undefined
        viewer.wake = undefined
        resolve()
      }
      const timer = setTimeout(done, ms)
      viewer.resume = done
      if (untilNews) viewer.wake = done
    })
  }

  #cutStalled(): void {
    const deadline = this.#options.clock.monotonicMs() - this.#options.stallMs
    for (const viewer of this.#viewers) if (viewer.blockedSinceMs !== undefined && viewer.blockedSinceMs < deadline) this.#cut(viewer)
  }

  #cut(viewer: Viewer): void {
    this.cutOff++
    this.#forget(viewer)
    viewer.cut()
  }

  #forget(viewer: Viewer): void {
    this.#viewers.delete(viewer)
    viewer.pending.clear()
    viewer.resume?.()
  }
}

function formatEvent(name: string, message: LiveMessage): string {
  return `event: ${name}\ndata: ${JSON.stringify(message)}\n\n`
}
