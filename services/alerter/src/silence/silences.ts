import type { Bucket, Versioned } from '@nightshift/shared/bus/bus'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import { derivedId } from '@nightshift/shared/ids'
import type { Companion, CompanionKind, ShardView } from '../companion.ts'
import { isFiring } from '../group/group.ts'
import type { Mute, Muter } from '../mute/mute.ts'
import { lookAround } from '../look-around.ts'
import { startPosition } from '../state/position.ts'
import { storedBucket } from '../state/stored.ts'
import { matches, type Matched } from './matcher.ts'
import { isActive, silenceBucket, type Silence } from './silence.ts'

const rememberMs = 86_400_000
/** So long before its end, who made a silence is reminded of what it still hides; not of short ones. */
const remindMs = 15 * 60_000
const endingRule = 'silence-ending'
const sweepEveryMs = 30_000

/** Silences of the bucket `silences`, which every replica may write; the one that works heeds them. */
export const silences: CompanionKind = (view) => new Silences(view)

class Silences implements Companion, Muter {
  readonly muters = [this]
  readonly #view: ShardView
  readonly #known = new Map<string, Silence>()
  #bucket: Bucket<Silence> | undefined
  #watch: { stop(): void } | undefined
  #stopSweeping: (() => void) | undefined
  #isSweeping = false

  constructor(view: ShardView) {
    this.#view = view
  }

  async open(): Promise<void> {
    const bucket = await this.#view.context.bus.bucket('silences', silenceBucket)
    this.#bucket = bucket
    for await (const [id, { value }] of bucket.entries()) this.#known.set(id, value)
    this.#watch = await bucket.watch((id, entry) => this.#take(id, entry))
    // One is enough.
    if (this.#view.place.number > 0) return
    this.#stopSweeping = lookAround(this.#view, sweepEveryMs, () => this.#sweep())
  }

  muteOf(event: AlertEvent, nowMs: number): Mute | undefined {
    for (const silence of this.#known.values()) {
      if (isActive(silence, nowMs) && silence.matchers.every((matcher) => matches(matcher, event)))
        return { kind: 'silenced', by: silence.id, untilMs: silence.end_ms }
    }
    return undefined
  }

  /** What a silence was to last for may be over: it must not hide what comes next. */
  async told(event: AlertEvent): Promise<void> {
    const nowMs = this.#view.context.clock.now()
    const isAwaited = (silence: Silence): boolean =>
      silence.until_resolved && isActive(silence, nowMs) && silence.matchers.every((matcher) => matches(matcher, event))
    if (event.phase !== 'resolved' || this.#stopSweeping === undefined || this.#isSweeping || !this.#known.values().some(isAwaited)) return
    this.#isSweeping = true
    void this.#view.exclusively(async () => {
      this.#isSweeping = false
      await this.#sweep()
    })
    await Promise.resolve()
  }

  async stop(): Promise<void> {
    this.#stopSweeping?.()
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
    if (this.#known.size === 0) return
    const nowMs = this.#view.context.clock.now()
    // Of many alerts and many silences only those are compared of which something may have to be said or ended.
    const isAsked = (silence: Silence): boolean =>
      isActive(silence, nowMs) && (silence.until_resolved || silence.end_ms - nowMs <= remindMs)
    const firing = this.#known.values().some(isAsked) ? await this.#firing() : []
    for (const [id, silence] of this.#known) {
      const isHidden = (event: Matched): boolean => silence.matchers.every((matcher) => matches(matcher, event))
      const hidden = isAsked(silence) ? firing.filter(isHidden).length : 0
      await this.#remind(silence, hidden, nowMs)
      if (silence.end_ms + rememberMs < nowMs) {
        this.#known.delete(id)
        await this.#bucket?.delete(id)
      } else if (
        silence.until_resolved &&
        isActive(silence, nowMs) &&
        Math.max(silence.created_ms, silence.start_ms) + sweepEveryMs < nowMs
      ) {
        if (hidden === 0) await this.#end(id, nowMs)
      }
    }
  }

  /** What fires, in the other shards too: those are seen as they are stored. */
  async #firing(): Promise<readonly Matched[]> {
    const { context, groups, place } = this.#view
    if (place.shards > 1) {
      const found: Matched[] = []
      for await (const [, { value }] of (await context.bus.bucket('alerts', storedBucket)).entries())
        if (value.kind === 'alert' && value.life.phase === 'firing' && value.last !== null) found.push(value.last.event)
      return found
    }
    return [...groups.all()].flatMap(({ members }) => Object.values(members).flatMap(({ event }) => (isFiring(event) ? [event] : [])))
  }

  /** Whoever forgot a silence learns of it before it ends, not by everything that it hid at once. */
  async #remind(silence: Silence, hidden: number, nowMs: number): Promise<void> {
    const { id, creator, comment, start_ms: startMs, end_ms: endMs } = silence
    const isOn = hidden > 0 && isActive(silence, nowMs) && endMs - nowMs <= remindMs && endMs - startMs > 4 * remindMs
    const what = `the silence of ${creator}${comment === '' ? '' : ` (${comment})`}`
    const minutes = Math.max(1, Math.round((endMs - nowMs) / 60_000))
    const detail = isOn
      ? `${what} ends in ${minutes} min; ${hidden} of the alerts that it hides still fire`
      : `${what} hides nothing any more`
    const eventId = derivedId(endMs, endingRule, id, String(isOn))
    const seen = {
      rule: endingRule,
      kind: 'silence',
      host: null,
      labels: { silence: id },
      severity: 'info',
      isOn,
      detail,
      value: null,
    } as const
    const at = { stream: 'EVENTS', position: startPosition } as const
    await this.#view.carryOut(this.#view.engine.observe({ ...seen, at: nowMs, id: eventId, correlationId: eventId }, at))
  }

  async #end(id: string, nowMs: number): Promise<void> {
    const entry = await this.#bucket?.get(id)
    if (entry !== undefined) await this.#bucket?.put(id, { ...entry.value, end_ms: nowMs }, entry.revision)
  }
}
