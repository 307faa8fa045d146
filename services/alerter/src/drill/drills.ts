import type { AlertEvent } from '@nightshift/shared/events/alert'
import { derivedId } from '@nightshift/shared/ids'
import type { Companion, CompanionKind, ShardView } from '../companion.ts'
import { compileHours } from '../hours/hours.ts'
import { hoursSchema } from '../hours/hours-config.ts'
import type { Severity } from '../rules/severity.ts'
import { startPosition } from '../state/position.ts'
import { timezoneOf } from '../timezone.ts'

export const drillRule = 'notification-drill'
const unconfirmedRule = 'drill-unconfirmed'
const firstLookMs = 1000
/** Also how soon a clock that was set is noticed. */
const longestTimerMs = 20_000
const minuteMs = 60_000

/**
 * Sends a test message at its time. It is an alert like any other: whoever takes it on has confirmed it. What nobody confirms in time is told
 * by the other channels. The minute it is due in makes its ids, so a restart in that minute sends the same message again, not another.
 */
export const drills: CompanionKind = (view) => new Drills(view)

interface Said {
  readonly rule: string
  readonly isOn: boolean
  readonly detail: string
  readonly severity: Severity
  readonly at: number
  readonly endReason?: string
}

class Drills implements Companion {
  readonly #view: ShardView
  #timer: NodeJS.Timeout | undefined
  #isStopped = false
  #lastDueMs = 0

  constructor(view: ShardView) {
    this.#view = view
  }

  async open(): Promise<void> {
    // One shard is enough.
    if (this.#view.place.number > 0) return
    this.#schedule(firstLookMs)
    await Promise.resolve()
  }

  /** Taken on is confirmed. */
  async told({ phase, rule, reason, time }: AlertEvent): Promise<void> {
    if (phase !== 'acked' || rule !== drillRule) return
    const at = Date.parse(time)
    const who = (reason ?? '').replace(/^acknowledged/, 'confirmed')
    await this.#say({ rule: drillRule, isOn: false, detail: `the test message was ${who}`, severity: 'info', at, endReason: who })
    await this.#say({ rule: unconfirmedRule, isOn: false, detail: 'a test message was confirmed again', severity: 'critical', at })
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await Promise.resolve()
  }

  #schedule(waitMs: number): void {
    if (this.#isStopped) return
    const { exclusively } = this.#view
    this.#timer = setTimeout(() => void exclusively(() => this.#look()).then(() => this.#schedule(this.#nextLookMs())), waitMs)
  }

  /** Milliseconds until something may be due: a drill begins with a minute. */
  #nextLookMs(): number {
    const now = this.#view.context.clock.now()
    const confirmMs = (this.#begunMs() ?? Number.POSITIVE_INFINITY) + (this.#view.config().drill?.confirm_within ?? 0)
    return Math.max(1, Math.min(longestTimerMs, minuteMs - (now % minuteMs), Math.ceil(confirmMs - now)))
  }

  /** When the test message that nobody confirmed yet was sent. */
  #begunMs(): number | undefined {
    const open = this.#view.book.watch(drillRule, null)?.alerts.values().next().value
    return open?.life?.phase === 'firing' ? open.life.started_ms : undefined
  }

  async #look(): Promise<void> {
    const config = this.#view.config().drill
    const { clock } = this.#view.context
    const now = clock.now()
    const begunMs = this.#begunMs()
    if (config === undefined) {
      if (begunMs !== undefined) await this.#say(ended(now, 'drills were switched off'))
      return
    }
    if (begunMs !== undefined && now - begunMs >= config.confirm_within) {
      const minutes = Math.round(config.confirm_within / minuteMs)
      await this.#say(ended(now, 'nobody confirmed it'))
      const detail = `nobody confirmed the test message within ${minutes} min: do alerts reach you?`
      await this.#say({ rule: unconfirmedRule, isOn: true, detail, severity: 'critical', at: now })
    }
    const dueMs = dueMinute(config, timezoneOf(this.#view.context.base), now)
    if (dueMs === undefined || dueMs === this.#lastDueMs) return
    this.#lastDueMs = dueMs
    const detail = 'this is a test message: confirm with `nightshift ack` that you have read it'
    await this.#say({ rule: drillRule, isOn: true, detail, severity: 'info', at: dueMs })
  }

  async #say(said: Said): Promise<void> {
    const id = derivedId(said.at, said.rule, String(said.at), String(said.isOn))
    const seen = { ...said, kind: 'drill', host: null, labels: {}, value: null, id, correlationId: id }
    await this.#view.carryOut(this.#view.engine.observe(seen, { stream: 'EVENTS', position: startPosition }))
  }
}

/** The beginning of the minute in which a drill is due now; undefined: none is. */
export function dueMinute(
  { days, at, timezone }: Pick<NonNullable<ReturnType<ShardView['config']>['drill']>, 'days' | 'at' | 'timezone'>,
  zone: string,
  nowMs: number,
): number | undefined {
  const [hour = 0, minute = 0] = at.split(':').map(Number)
  const after = hour * 60 + minute + 1
  const to = `${String(Math.floor(after / 60)).padStart(2, '0')}:${String(after % 60).padStart(2, '0')}`
  const hours = compileHours(hoursSchema.parse({ days, from: at, to, timezone }), zone)
  return hours.contains(nowMs) ? Math.floor(nowMs / minuteMs) * minuteMs : undefined
}

function ended(at: number, endReason: string): Said {
  return { rule: drillRule, isOn: false, detail: `the test message is over: ${endReason}`, severity: 'info', at, endReason }
}
