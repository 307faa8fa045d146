import { formatDuration } from '@nightshift/shared/config/scalars'
import type { Received } from '@nightshift/shared/events/parse'
import type { Companion, CompanionKind, ShardView } from '../../companion.ts'
import { lookAround } from '../../look-around.ts'
import type { EventRule } from '../../rules/rule.ts'
import { startPosition, type FollowedStream, type Position } from '../../state/position.ts'
import type { Change } from '../engine.ts'
import { ownWatch } from '../observed.ts'
import { isWorse } from '../../rules/severity.ts'
import { EventCounts, levelOf, type Counted } from './event-counts.ts'

/** What its alerts watch, as the engine stores it. */
const kind = 'event'
const lookEveryMs = 1000

/**
 * Alerts on how often something happened. What was counted before a start is not known after it: until a rule has seen all of the time that
 * it looks back on, none of its alerts ends.
 */
export const eventRules: CompanionKind = (view) => new EventRules(view)

class EventRules implements Companion {
  readonly #view: ShardView
  readonly #counts = new EventCounts()
  readonly #startedMs: number
  #at: { stream: FollowedStream; position: Position } = { stream: 'EVENTS', position: startPosition }
  #stopLooking: (() => void) | undefined
  #isFull = false

  constructor(view: ShardView) {
    this.#view = view
    this.#startedMs = view.context.clock.now()
  }

  /** Alerts of an earlier run go on; those whose rule is gone end. */
  async open(): Promise<void> {
    const ended = [...this.#view.book.all()].flatMap(({ series, life }): Change[] => {
      if (series.watch !== `${ownWatch}${kind}` || life?.phase !== 'firing') return []
      const rule = this.#find(series.rule)
      const counted = rule === undefined ? undefined : this.#counts.counted(rule, series.host, series.labels)
      if (counted !== undefined) {
        counted.severity = life.severity
        return []
      }
      const at = this.#view.context.clock.now()
      const seen = { rule: series.rule, kind, host: series.host, labels: series.labels, severity: life.severity, isOn: false }
      const why = { detail: `${series.rule} is not watched any more`, endReason: 'rule removed' }
      return this.#view.engine.observe({ ...seen, ...why, value: null, at, id: life.epoch, correlationId: life.correlation_id }, this.#at)
    })
    await this.#view.carryOut(ended)
    this.#stopLooking = lookAround(this.#view, lookEveryMs, () => this.#look())
  }

  see(received: Received, at: { stream: FollowedStream; position: Position }): readonly Change[] {
    if (at.stream !== 'EVENTS') return []
    this.#at = at
    if (received.kind === 'change' && received.event.what === 'forgotten') {
      this.#counts.forget(({ host }) => host === received.address.host)
      return []
    }
    const { eventRules: rules } = this.#view.rules()
    if (rules.length === 0) return []
    const nowMs = this.#view.context.clock.now()
    return this.#counts.take(rules, received, nowMs).flatMap((counted) => this.#judge(counted, nowMs))
  }

  async reload(): Promise<void> {
    const gone = this.#counts.forget(({ rule }) => this.#find(rule.name)?.recipe !== rule.recipe)
    const ended = gone.flatMap((counted) => (counted.severity === undefined ? [] : this.#observe(counted, 0, 'rule changed')))
    await this.#view.carryOut(ended)
  }

  async stop(): Promise<void> {
    this.#stopLooking?.()
    await Promise.resolve()
  }

  #find(name: string): EventRule | undefined {
    return this.#view.rules().eventRules.find((rule) => rule.name === name)
  }

  async #look(): Promise<void> {
    const { clock, log } = this.#view.context
    const nowMs = clock.now()
    if (!this.#isFull && this.#counts.overflowTotal > 0) {
      this.#isFull = true
      log.warn({}, 'events happen to more things than can be counted; what comes on top is not watched')
    }
    const changes = this.#counts.all().flatMap((counted) => this.#judge(counted, nowMs))
    this.#counts.forget(({ events, severity }) => events.size === 0 && severity === undefined)
    if (changes.length > 0) await this.#view.carryOut(changes)
  }

  #judge(counted: Counted, nowMs: number): Change[] {
    const { rule, severity } = counted
    const count = this.#counts.count(counted, nowMs)
    if (rule.hours?.contains(nowMs) === false) return severity === undefined ? [] : this.#observe(counted, count, 'outside its hours')
    const level = levelOf(rule, count)
    const isBlind = nowMs - this.#startedMs < rule.overMs
    const isLess = severity !== undefined && (level === undefined || isWorse(severity, level))
    if (level === severity || (isLess && isBlind)) return []
    counted.severity = level ?? severity
    const changes = this.#observe(counted, count)
    counted.severity = level
    return changes
  }

  #observe(counted: Counted, count: number, endReason?: string): Change[] {
    const { rule, host, labels, lastId } = counted
    const level = endReason === undefined ? levelOf(rule, count) : undefined
    const thing = Object.values(labels).map((label) => ` of ${label}`)
    const where = host === null ? '' : ` on ${host}`
    const id = lastId ?? `${rule.name}.${host ?? ''}`.slice(0, 64)
    const seen = {
      rule: rule.name,
      kind,
      host,
      labels,
      severity: level ?? counted.severity ?? 'warning',
      isOn: level !== undefined,
      detail: `${rule.watch}${thing.join('')}${where} ${count === 1 ? 'once' : `${count} times`} in ${formatDuration(rule.overMs)}`,
      value: count,
      at: this.#view.context.clock.now(),
      id,
      correlationId: id,
      ...(endReason === undefined ? {} : { endReason }),
    }
    if (endReason !== undefined) counted.severity = undefined
    return this.#view.engine.observe(seen, this.#at)
  }
}
