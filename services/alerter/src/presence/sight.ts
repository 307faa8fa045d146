import { heartbeatIntervalMs } from '@nightshift/shared/service/heartbeat'
import type { Moment } from './host-seen.ts'

/** Two looks that lie further apart than this: we were stopped, or busy, and what was said meanwhile is not read yet. */
const longestLookMs = 5000
/** With more messages than that unread, whoever seems silent may stand among them. */
const mostUnread = 10_000
const freshMs = 1.5 * heartbeatIntervalMs
const lostMs = 3 * heartbeatIntervalMs

/** What decides whether a look counts. */
export interface LookedAt extends Moment {
  readonly isConnected: boolean
  readonly unread: number
}

/**
 * Whether the alerter itself sees. It listens for its own heartbeat: while that does not come back, silence of others says nothing. After
 * every pause of its own everybody gets the full time anew.
 */
export class Sight {
  /** Since when we look without a pause, by the monotonic clock: silence from before does not count. */
  floorMs: number
  #lookedMs: number
  #heardOurselvesMs: number
  #behindSinceMs: number | undefined

  constructor(nowMs: number) {
    this.floorMs = nowMs
    this.#lookedMs = nowMs
    this.#heardOurselvesMs = nowMs
  }

  /** Our own heartbeat came back. */
  hearOurselves(nowMs: number): void {
    this.#heardOurselvesMs = nowMs
  }

  look({ ms, isConnected, unread }: LookedAt): void {
    const isBehind = unread > mostUnread
    this.#behindSinceMs = isBehind ? (this.#behindSinceMs ?? ms) : undefined
    if (!isConnected || isBehind || ms - this.#lookedMs > longestLookMs) {
      this.floorMs = ms
      this.#heardOurselvesMs = ms
    }
    this.#lookedMs = ms
  }

  /** Silence of others is theirs. */
  isClear(nowMs: number): boolean {
    return nowMs - this.#heardOurselvesMs <= freshMs
  }

  /** Since when nothing comes, not even from ourselves, or we are far behind, although the bus is there; undefined while we see. */
  blindSinceMs(nowMs: number): number | undefined {
    const sinceMs = this.#behindSinceMs ?? this.#heardOurselvesMs
    return nowMs - sinceMs > lostMs ? sinceMs : undefined
  }
}
