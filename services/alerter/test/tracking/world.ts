import { isoTime } from '@nightshift/shared/clock'
import type { MetricEvent } from '@nightshift/shared/events/metric'
import { summaryOf } from '../../src/alert/summary.ts'
import { compileRules, type RuleBook } from '../../src/rules/compile.ts'
import { ruleSchema } from '../../src/rules/rule-config.ts'
import { startPositions, type FollowedStream, type Position } from '../../src/state/position.ts'
import type { AlertRecord } from '../../src/state/stored.ts'
import { AlertBook } from '../../src/tracking/alert-book.ts'
import { Engine, type Change } from '../../src/tracking/engine.ts'
import { HealthLedger } from '../../src/tracking/health-ledger.ts'
import { QuietBreaches } from '../../src/tracking/quiet-breaches.ts'

export const start = Date.parse('2026-11-21T03:00:00.000Z')
type Item = Record<string, string | number | null>

/** An engine without a bus: messages go in, what would be told comes out. Changes are in force at once, as if they were stored. */
export class World {
  readonly book: AlertBook
  readonly ledger = new HealthLedger()
  readonly quiet = new QuietBreaches()
  readonly engine: Engine
  readonly told: string[] = []
  readonly #summaries: string[] = []
  readonly #rules: RuleBook
  readonly records = new Map<string, AlertRecord>()
  now = start
  #seq: Record<FollowedStream, number> = { METRICS: 0, EVENTS: 0 }
  #ids = 0

  constructor(rules: Record<string, unknown>, options: { defaults?: boolean; maxAlerts?: number; zone?: string } = {}) {
    this.book = new AlertBook(options.maxAlerts ?? 1000)
    const clock = { now: () => this.now, monotonicMs: () => this.now - start }
    this.#rules = this.compile(rules, options.defaults, options.zone)
    this.engine = new Engine({
      rules: this.#rules,
      book: this.book,
      ledger: this.ledger,
      quiet: this.quiet,
      clock,
    })
  }

  compile(rules: Record<string, unknown>, defaults = false, zone = 'UTC') {
    const parsed = Object.fromEntries(Object.entries(rules).map(([name, rule]) => [name, ruleSchema.parse(rule)]))
    return compileRules({ rules: parsed, default_rules: defaults }, zone)
  }

  /** Where the next message of a stream will stand. */
  next(stream: FollowedStream): Position {
    return { generation: 0, seq: ++this.#seq[stream] }
  }

  metric(
    seconds: number,
    group: string,
    body: { fields?: Record<string, number | null>; items?: Item[]; part?: number; parts?: number },
    host = 'web-1',
    position = this.next('METRICS'),
  ): string[] {
    const event: MetricEvent = { ...this.#envelope(seconds, host), group, ...body }
    return this.#enter(this.engine.onMetric(host, event, position))
  }

  cpu(seconds: number, ratio: number | null, host = 'web-1', position = this.next('METRICS')): string[] {
    return this.metric(seconds, 'cpu', { fields: { usage_ratio: ratio } }, host, position)
  }

  check(
    seconds: number,
    ok: boolean | null,
    check = 'web',
    saw: { latency_seconds?: number; detail?: Record<string, number> } = {},
  ): string[] {
    const event = { ...this.#envelope(seconds, 'web-1'), check, kind: 'http', ok, latency_seconds: null, error: null, detail: {}, ...saw }
    return this.#enter(this.engine.onCheck('web-1', event, this.next('METRICS')))
  }

  health(
    seconds: number,
    state: 'ok' | 'failing' | 'unknown' | 'removed',
    change: { check?: string; id?: string; consecutive?: number; error?: string } = {},
    position = this.next('EVENTS'),
  ): string[] {
    const { check = 'web', consecutive = 3, error = null } = change
    const envelope = this.#envelope(seconds, 'web-1')
    const event = {
      ...envelope,
      id: change.id ?? envelope.id,
      check,
      kind: 'http',
      state,
      previous: null,
      consecutive,
      error,
      check_event_id: null,
    }
    const known = this.ledger.apply('web-1', event, position)
    return known === undefined ? [] : this.#enter(this.engine.onHealth(known.record, known.previous))
  }

  /** What a person would read of everything told. */
  summaries(): readonly string[] {
    return this.#summaries
  }

  recheck(...rules: string[]): string[] {
    return this.#enter(this.engine.recheck(this.#rules.checkRules.filter(({ name }) => rules.includes(name))))
  }

  reconcile(): string[] {
    return this.#enter(this.engine.reconcile(this.next('EVENTS')))
  }

  #envelope(seconds: number, host: string) {
    const id = `event-${++this.#ids}`
    this.now = Math.max(this.now, start + seconds * 1000)
    return { v: 1 as const, id, time: isoTime(start + seconds * 1000), host, source: `collector@${host}`, correlation_id: id }
  }

  #enter(changes: readonly Change[]): string[] {
    const told: string[] = []
    for (const change of changes) {
      const { tracked, transition, life, stream, position } = change
      const applied = { ...(tracked.record?.applied ?? startPositions), [stream]: position }
      const record: AlertRecord = { kind: 'alert', token: 1, series: tracked.series, life, applied, last: null }
      this.engine.settle(change, record)
      this.records.set(tracked.series.fingerprint, record)
      if (transition === undefined) continue
      this.#summaries.push(summaryOf(tracked.series, change.rule, life, transition))
      const labels = Object.values(tracked.series.labels).join(',')
      told.push([tracked.series.rule, labels, transition.phase, transition.severity, transition.reason].filter(Boolean).join(' '))
    }
    this.told.push(...told)
    return told
  }
}
