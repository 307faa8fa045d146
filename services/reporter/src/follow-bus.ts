import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus, RawMessage, Reader, StreamName } from '@nightshift/shared/bus/bus'
import type { Clock } from '@nightshift/shared/clock'
import { describeError } from '@nightshift/shared/errors'
import { parseEvent, type Received } from '@nightshift/shared/events/parse'
import type { ServiceContext } from '@nightshift/shared/service/service'
import { startAfter, type LookBack } from './start-position.ts'
import { readExtent } from './stream-extent.ts'

/** What is read again at each start, for nothing is stored: enough events for the feed and for what still fires, enough metrics for the trends. */
const lookBacks: Partial<Record<StreamName, LookBack>> = {
  EVENTS: { sinceMs: Number.POSITIVE_INFINITY, minMessages: 5000, maxMessages: 5000 },
  METRICS: { sinceMs: 5 * 60_000, minMessages: 500, maxMessages: 20_000 },
}
const retryMs = 1000
/** One reporter reads under this name, as its permissions say; a second one takes over. */
const readerName = 'reporter'

interface FollowParts {
  bus: Bus
  clock: Clock
  log: ServiceContext<unknown>['log']
  /** `seenMs`: when the bus took the message, for what is read again; now, for what is live. */
  take(received: Received, seenMs: number): void
  /** It has caught up, or lost the bus. */
  onChange(): void
}

/** Follows METRICS and EVENTS from near their end. Starts before the bus is there. */
export class BusFollower {
  readonly #parts: FollowParts
  readonly #followers: StreamFollower[]
  readonly #stopWatching: () => void

  constructor(parts: FollowParts) {
    this.#parts = parts
    this.#followers = Object.entries(lookBacks).map(([stream, lookBack]) => new StreamFollower(stream as StreamName, lookBack, parts))
    this.#stopWatching = parts.bus.onState(() => {
      if (parts.bus.state !== 'connected') for (const follower of this.#followers) follower.isLive = false
      this.#parts.onChange()
    })
  }

  /** Whether everything that was there has been read. */
  get isCaughtUp(): boolean {
    return this.#followers.every((follower) => follower.wasLive)
  }

  counts(): { handled: number; deadLettered: number; skipped: number; pending: number } {
    const sum = (read: (follower: StreamFollower) => number): number =>
      this.#followers.reduce((total, follower) => total + read(follower), 0)
    return {
      handled: sum(({ reader }) => reader?.handled ?? 0),
      deadLettered: sum(({ reader }) => reader?.deadLettered ?? 0),
      skipped: sum(({ skipped }) => skipped),
      pending: sum(({ reader }) => reader?.pending ?? 0),
    }
  }

  async stop(): Promise<void> {
    this.#stopWatching()
    await Promise.all(this.#followers.map((follower) => follower.stop()))
  }
}

class StreamFollower {
  reader: Reader | undefined
  /** What comes now is news, not history. */
  isLive = false
  wasLive = false
  /** Bad messages of the past, dead-lettered by whoever saw them first. */
  skipped = 0
  readonly #stream: StreamName
  readonly #lookBack: LookBack
  readonly #parts: FollowParts
  readonly #stopping = new AbortController()
  readonly #starting: Promise<void>

  constructor(stream: StreamName, lookBack: LookBack, parts: FollowParts) {
    this.#stream = stream
    this.#lookBack = lookBack
    this.#parts = parts
    this.#starting = this.#start()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#starting
    await this.reader?.stop()
  }

  async #start(): Promise<void> {
    const { bus, log } = this.#parts
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        await bus.ready(signal)
        const after = await this.#findStart()
        if (signal.aborted) return
        this.reader = bus.follow({
          stream: this.#stream,
          name: readerName,
          after,
          handle: (message) => this.#handle(message),
          onCaughtUp: () => this.#enterLive(),
        })
        return
      } catch (error) {
        if (signal.aborted || bus.state === 'closed') return
        log.warn({ stream: this.#stream, error: describeError(error) }, 'cannot look where the stream ends; trying again')
        await sleep(retryMs, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  async #findStart(): Promise<number> {
    const { bus, clock } = this.#parts
    return startAfter(await readExtent(bus, this.#stream), this.#lookBack, clock.now())
  }

  #handle(message: RawMessage): void {
    const { bus, clock } = this.#parts
    const now = clock.now()
    let received: Received
    try {
      received = parseEvent(message.subject, message.data, bus.namespace)
    } catch (error) {
      if (this.wasLive) throw error
      this.skipped++
      return
    }
    this.#parts.take(received, this.isLive ? now : Math.min(message.receivedMs, now))
  }

  #enterLive(): void {
    this.isLive = true
    this.wasLive = true
    this.#parts.onChange()
  }
}
