import type { Bucket, Versioned } from '@nightshift/shared/bus/bus'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { Companion, CompanionKind, ShardView } from '../companion.ts'
import { isFiring } from '../group/group.ts'
import type { Mute, Muter } from '../mute/mute.ts'
import { matches } from './matcher.ts'
import { isActive, silenceBucket, type Silence } from './silence.ts'

const rememberMs = 86_400_000
const sweepEveryMs = 30_000

/** Silences of the bucket `silences`, which every replica may write; the one that works heeds them. */
export const silences: CompanionKind = (view) => new Silences(view)

class Silences implements Companion, Muter {
  readonly muters = [this]
  readonly #view: ShardView
  readonly #known = new Map<string, Silence>()
  #bucket: Bucket<Silence> | undefined
  #watch: { stop(): void } | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(view: ShardView) {
    this.#view = view
  }

  async open(): Promise<void> {
    const bucket = await this.#view.context.bus.bucket('silences', silenceBucket)
    this.#bucket = bucket
    for await (const [id, { value }] of bucket.entries()) this.#known.set(id, value)
    this.#watch = await bucket.watch((id, entry) => this.#take(id, entry))
    this.#timer = setInterval(() => void this.#view.exclusively(async () => await this.#sweep()), sweepEveryMs)
  }

  muteOf(event: AlertEvent, nowMs: number): Mute | undefined {
    for (const silence of this.#known.values()) {
      if (isActive(silence, nowMs) && silence.matchers.every((matcher) => matches(matcher, event)))
        return { kind: 'silenced', by: silence.id, untilMs: silence.end_ms }
    }
    return undefined
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#watch?.stop()
    await Promise.resolve()
  }

  #take(id: string, entry: Versioned<Silence> | undefined): void {
    if (entry === undefined) this.#known.delete(id)
    else this.#known.set(id, entry.value)
    void this.#view.exclusively(async () => await this.#view.desk.reconsider())
  }

  /** Ends those that were to end with what they silence, and forgets those that ended long ago. */
  async #sweep(): Promise<void> {
    const { context, groups } = this.#view
    const nowMs = context.clock.now()
    const firing = [...groups.all()].flatMap(({ members }) =>
      Object.values(members).flatMap(({ event }) => (isFiring(event) ? [event] : [])),
    )
    for (const [id, silence] of this.#known) {
      if (silence.end_ms + rememberMs < nowMs) {
        this.#known.delete(id)
        await this.#bucket?.delete(id)
      } else if (silence.until_resolved && isActive(silence, nowMs) && silence.created_ms + sweepEveryMs < nowMs) {
        const isNeeded = firing.some((event) => silence.matchers.every((matcher) => matches(matcher, event)))
        if (!isNeeded) await this.#end(id, nowMs)
      }
    }
  }

  async #end(id: string, nowMs: number): Promise<void> {
    const entry = await this.#bucket?.get(id)
    if (entry !== undefined) await this.#bucket?.put(id, { ...entry.value, end_ms: nowMs }, entry.revision)
  }
}
