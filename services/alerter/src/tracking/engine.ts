import type { Clock } from '@nightshift/shared/clock'
import { formatDuration } from '@nightshift/shared/config/scalars'
import type { CheckEvent } from '@nightshift/shared/events/check'
import type { MetricEvent } from '@nightshift/shared/events/metric'
import type { Host } from '@nightshift/shared/subjects'
import type { Series } from '../alert/fingerprint.ts'
import { isSameLife, type Life, type Observation, type Transition } from '../alert/life.ts'
import { step } from '../alert/reducer.ts'
import type { RuleBook } from '../rules/compile.ts'
import type { CheckRule, MetricRule, Rule, Terms } from '../rules/rule.ts'
import { isBreach } from '../rules/standing.ts'
import { covers, startPosition, type FollowedStream, type Position } from '../state/position.ts'
import type { AlertRecord, HealthRecord } from '../state/stored.ts'
import type { AlertBook, Tracked } from './alert-book.ts'
import { BaselineBook } from './baseline/baseline-book.ts'
import { checkMetrics } from './check-metrics.ts'
import type { HealthLedger } from './health-ledger.ts'
import { labelsKey } from './labels-key.ts'
import type { QuietBreaches } from './quiet-breaches.ts'
import { scopeOf } from './readings.ts'
import { Valuation, type Judged } from './valuation.ts'
import { observationOf, ownWatch, type Observed } from './observed.ts'
import { findGone, judgedAgain, sight } from './sighting.ts'

/** A step that must be stored, and what is to be told. Nothing of it is in force until `settle`. */
export interface Change {
  readonly tracked: Tracked
  readonly rule: Rule | undefined
  readonly life: Life
  readonly transition: Transition | undefined
  readonly stream: FollowedStream
  readonly position: Position
}

export interface Parts {
  readonly rules: RuleBook
  readonly book: AlertBook
  readonly ledger: HealthLedger
  readonly quiet: QuietBreaches
  readonly clock: Clock
}

interface Place {
  readonly stream: FollowedStream
  readonly position: Position
  /** Not a message: what is known already is looked at again, so nothing in it is too old. */
  readonly isRecheck?: true
}

interface Message {
  readonly event: MetricEvent
  /** Event time. */
  readonly at: number
  readonly place: Place
}

const outsideHours = 'outside its hours'
/** Of an alert whose rule stands in no configuration. */
const noTerms: Terms = { forMs: 0, announceAfterMs: 0, failures: 1, keepFiringMs: 0 }

/** From messages to changes: finds the alerts that a message touches and lets each take its step. No I/O. */
export class Engine {
  /** What rules compare with their past. */
  readonly baselines = new BaselineBook()
  /** What rules look back on. */
  readonly values = new Valuation(this.baselines)
  #rules: RuleBook
  readonly #book: AlertBook
  readonly #ledger: HealthLedger
  readonly #quiet: QuietBreaches
  readonly #clock: Clock

  constructor(parts: Parts) {
    this.#rules = parts.rules
    this.#book = parts.book
    this.#ledger = parts.ledger
    this.#quiet = parts.quiet
    this.#clock = parts.clock
  }

  use(rules: RuleBook): void {
    this.#rules = rules
    this.values.store.keepOnly(new Set(rules.metricRules.map(({ name }) => name)))
  }

  /** Takes up a stored alert. */
  restore(record: AlertRecord): void {
    const tracked = this.#book.restore(record)
    this.#enter(tracked, record.life, startPosition)
  }

  onMetric(host: Host, event: MetricEvent, position: Position): Change[] {
    const place: Place = { stream: 'METRICS', position }
    const changes: Change[] = []
    const at = Date.parse(event.time)
    for (const rule of this.#rules.dividingBy(event.group, host)) this.values.note(rule, host, event, at)
    for (const rule of this.#rules.forGroup(event.group, host)) this.#readMetric(rule, host, { event, at, place }, changes)
    this.#passTime(host, at, event.id, place, changes)
    return changes
  }

  onCheck(host: Host, event: CheckEvent, position: Position): Change[] {
    const place: Place = { stream: 'METRICS', position }
    const changes: Change[] = []
    const { ok } = event
    const at = Date.parse(event.time)
    if (ok !== null) {
      for (const tracked of this.#book.waiting(host) ?? []) {
        if (tracked.series.labels['check'] === event.check) this.#step(tracked, { kind: 'result', at, id: event.id, ok }, place, changes)
      }
    }
    for (const rule of this.#rules.forGroup('check', host)) {
      const seen = checkMetrics(event, rule.field)
      if (seen !== undefined) this.#readMetric(rule, host, { event: seen, at, place }, changes)
    }
    this.#passTime(host, at, event.id, place, changes, event.check)
    return changes
  }

  /** What a transition of a check changes; the transition itself is in the ledger already. */
  onHealth(record: HealthRecord, previous: HealthRecord | undefined): Change[] {
    const changes: Change[] = []
    const gapMs = previous?.state === 'unknown' ? Math.max(0, record.time_ms - previous.time_ms) : 0
    for (const rule of this.#rules.forCheck(record.check, record.host))
      this.#readHealth(rule, record, gapMs, { stream: 'EVENTS', position: record.applied }, changes)
    if (record.state === 'removed') this.#endOfCheck(record, changes)
    return changes
  }

  /**
   * Something that no metric and no check says: a host fell silent, another program told us of an alert. Its rule stands in no
   * configuration, so nothing but whoever observes it ends it.
   */
  observe(seen: Observed, at: { stream: FollowedStream; position: Position }): Change[] {
    const { rule, host, labels, isOn } = seen
    const place: Place = { ...at, isRecheck: true }
    let tracked = this.#book.watch(rule, host)?.alerts.get(labelsKey(labels))
    if (tracked === undefined) {
      if (!isOn) return []
      tracked = this.#book.admit(rule, `${ownWatch}${seen.kind}`, host, labels)
      if (tracked === undefined) return []
    }
    const changes: Change[] = []
    this.#step(tracked, observationOf(seen), place, changes)
    return changes
  }

  /** A host left for good: nothing of it will be heard again, so all its alerts end. */
  onForgotten(host: Host, event: { id: string; timeMs: number }, position: Position): Change[] {
    const changes: Change[] = []
    this.values.store.dropHost(host)
    for (const tracked of this.#book.all()) {
      if (tracked.series.host !== host || tracked.life === undefined) continue
      this.#step(
        tracked,
        { kind: 'end', at: event.timeMs, id: event.id, reason: 'host forgotten' },
        { stream: 'EVENTS', position },
        changes,
      )
    }
    return changes
  }

  /** Compares every alert with the rules and the last transitions: after a start, and after a change of the rules. */
  reconcile(position: Position): Change[] {
    const changes: Change[] = []
    const place: Place = { stream: 'EVENTS', position, isRecheck: true }
    const now = this.#clock.now()
    for (const tracked of this.#book.all()) {
      const reason = this.#orphanReason(tracked)
      if (reason !== undefined && tracked.life !== undefined)
        this.#step(tracked, { kind: 'end', at: now, id: tracked.life.epoch, reason }, place, changes)
    }
    for (const record of this.#ledger.all()) {
      const known: Place = { stream: 'EVENTS', position: record.applied, isRecheck: true }
      for (const rule of this.#rules.forCheck(record.check, record.host)) this.#readHealth(rule, record, 0, known, changes)
    }
    return changes
  }

  /** The hours of these rules have begun or ended: what the checks are in counts, or counts no more. */
  recheck(rules: readonly CheckRule[]): Change[] {
    const changes: Change[] = []
    for (const record of this.#ledger.all()) {
      const place: Place = { stream: 'EVENTS', position: record.applied, isRecheck: true }
      for (const rule of this.#rules.forCheck(record.check, record.host)) {
        if (rules.includes(rule)) this.#readHealth(rule, record, 0, place, changes)
      }
    }
    return changes
  }

  /** Why an alert neither fires nor ends just now, whatever comes; null: nothing of the kind. */
  holds({ rule: name, host, labels }: Series): string | null {
    const rule = this.#rules.find(name)
    if (rule?.kind !== 'metric' || rule.window === null || this.values.store.isFull(name, host, labelsKey(labels))) return null
    return `its rule looks back on ${formatDuration(rule.window.overMs)} and has not seen all of that yet`
  }

  /** An alert that ended is stored no more. */
  forget(tracked: Tracked): void {
    tracked.record = undefined
    if (tracked.life === undefined || tracked.life.phase === 'ok') this.#book.remove(tracked)
  }

  /** A change is stored, so it is in force. */
  settle(change: Change, record: AlertRecord): void {
    change.tracked.record = record
    this.#enter(change.tracked, change.life, change.position)
  }

  #readMetric(rule: MetricRule, host: Host, message: Message, changes: Change[]): void {
    const { event, at, place } = message
    const readings = this.values.judge(rule, host, event, at)
    if (readings === undefined) return
    const watch = this.#book.watch(rule.name, host, scopeOf(rule, event))
    const gapMs = watch === undefined ? 0 : sight(watch, at)
    const seen = { ...message, gapMs }
    for (const reading of readings) this.#readValue(rule, host, reading, seen, changes)
    if (watch === undefined) return
    const gone = findGone(watch, {
      atMs: at,
      // Sums are judged when all parts are there.
      part: rule.by === null ? (event.part ?? 1) : 1,
      parts: rule.by === null ? (event.parts ?? 1) : 1,
      present: readings.map((reading) => reading.key),
    })
    for (const tracked of gone) this.#step(tracked, { kind: 'end', at, id: event.id, reason: 'gone' }, place, changes)
  }

  #readValue(rule: MetricRule, host: Host, reading: Judged, seen: Message & { gapMs: number }, changes: Change[]): void {
    const { value, standings, detail } = reading
    const { event, at, gapMs, place } = seen
    let tracked = this.#book.watch(rule.name, host, scopeOf(rule, event))?.alerts.get(reading.key)
    if (rule.hours?.contains(at) === false) {
      if (tracked !== undefined) this.#step(tracked, { kind: 'end', at, id: event.id, reason: outsideHours }, place, changes)
      return
    }
    if (standings === undefined) {
      if (tracked !== undefined) tracked.unjudgedSinceMs ??= tracked.judgedMs ?? at - gapMs
      return
    }
    if (tracked === undefined) {
      if (!isBreach(standings)) return
      tracked = this.#book.admit(rule.name, rule.watch, host, reading.labels)
      if (tracked === undefined) return
      tracked.watch.lastMs ??= at
    }
    const observation: Observation = {
      kind: 'reading',
      at,
      id: event.id,
      correlationId: event.correlation_id,
      standings,
      value,
      detail,
      failures: rule.failures,
      gapMs: judgedAgain(tracked, at, gapMs),
    }
    this.#step(tracked, observation, place, changes)
  }

  /** What was measured by a check that is not run any more. */
  #endOfCheck({ host, check, time_ms: at, event_id: id, applied: position }: HealthRecord, changes: Change[]): void {
    for (const rule of this.#rules.forGroup('check', host)) {
      for (const tracked of this.#book.watch(rule.name, host, check)?.alerts.values() ?? [])
        this.#step(tracked, { kind: 'end', at, id, reason: 'check removed' }, { stream: 'EVENTS', position }, changes)
    }
  }

  #readHealth(rule: CheckRule, record: HealthRecord, gapMs: number, place: Place, changes: Change[]): void {
    const labels = { check: record.check }
    let tracked = this.#book.watch(rule.name, record.host)?.alerts.get(labelsKey(labels))
    // The past is looked at as of now: a check that began to fail at night is failing in the morning.
    const nowMs = place.isRecheck === true ? this.#clock.now() : record.time_ms
    if (rule.hours?.contains(nowMs) === false) {
      if (tracked !== undefined) this.#step(tracked, { kind: 'end', at: nowMs, id: record.event_id, reason: outsideHours }, place, changes)
      return
    }
    if (tracked === undefined) {
      if (record.state !== 'failing') return
      tracked = this.#book.admit(rule.name, rule.watch, record.host, labels)
      if (tracked === undefined) return
    }
    const at = record.time_ms
    const id = record.event_id
    if (record.state === 'removed') this.#step(tracked, { kind: 'end', at, id, reason: 'check removed' }, place, changes)
    if (record.state !== 'failing' && record.state !== 'ok') return
    const observation: Observation = {
      kind: 'reading',
      at,
      id,
      correlationId: record.correlation_id,
      standings: { [rule.severity]: record.state === 'failing' ? 'over' : 'clear' },
      value: null,
      detail: record.error,
      failures: Math.max(1, record.consecutive),
      gapMs,
    }
    this.#step(tracked, observation, place, changes)
  }

  /** Any message of a host tells how late it is there; alerts that only wait for time to pass need no more than that. */
  #passTime(host: Host, at: number, id: string, place: Place, changes: Change[], exceptCheck?: string): void {
    for (const tracked of this.#book.waiting(host) ?? []) {
      const check = tracked.series.labels['check'] ?? ''
      const expected = tracked.life?.phase === 'firing' ? 'ok' : 'failing'
      if (check === exceptCheck || this.#ledger.get(host, check)?.state !== expected) continue
      this.#step(tracked, { kind: 'time', at, id }, place, changes)
    }
  }

  #step(tracked: Tracked, observation: Observation, place: Place, changes: Change[]): void {
    if (place.isRecheck !== true && tracked.record !== undefined && covers(tracked.record.applied[place.stream], place.position)) return
    if (changes.some((change) => change.tracked === tracked)) return
    const rule = this.#rules.find(tracked.series.rule)
    const terms = rule ?? noTerms
    const [life, [transition]] = step(tracked.series.fingerprint, terms, tracked.life, observation, this.#clock.now())
    const isStored = tracked.record !== undefined && tracked.record.life.phase !== 'ok'
    if (life === undefined || isSameLife(tracked.life, life) || (!isStored && !life.announced)) this.#enter(tracked, life, place.position)
    else changes.push({ tracked, rule, life, transition, stream: place.stream, position: place.position })
  }

  #enter(tracked: Tracked, life: Life | undefined, position: Position): void {
    tracked.life = life
    const isPending = life?.phase === 'pending'
    const rule = this.#rules.find(tracked.series.rule)
    const waits = isPending || (life?.phase === 'firing' && life.kept_since_ms !== undefined)
    this.#book.wait(tracked, waits && rule?.kind === 'check')
    if (isPending && !life.announced && rule?.kind === 'metric') this.#quiet.note(tracked, position, this.#clock.monotonicMs())
    else this.#quiet.drop(tracked)
    if ((life === undefined || life.phase === 'ok') && tracked.record === undefined) this.#book.remove(tracked)
  }

  /** Why no rule has anything to do with this alert any more; undefined when one has. */
  #orphanReason({ series }: Tracked): string | undefined {
    if (series.watch.startsWith(ownWatch)) return undefined
    const rule = this.#rules.find(series.rule)
    if (rule === undefined) return 'rule removed'
    if (rule.kind === 'absence' || rule.kind === 'event') return 'rule changed'
    const isItsOwn =
      rule.kind === 'check'
        ? this.#rules.forCheck(series.labels['check'] ?? '', series.host).includes(rule)
        : rule.watch === series.watch && rule.readsHost(series.host) && (rule.by !== null || rule.readsLabels(series.labels))
    return isItsOwn ? undefined : 'rule changed'
  }
}
