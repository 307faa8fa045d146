import { formatDuration } from '@nightshift/shared/config/scalars'
import type { Received } from '@nightshift/shared/events/parse'
import type { Host } from '@nightshift/shared/subjects'
import type { Companion, CompanionKind, ShardView } from '../../companion.ts'
import { lookAround } from '../../look-around.ts'
import type { AbsenceRule } from '../../rules/rule.ts'
import { FencedBucket } from '../../state/fenced-bucket.ts'
import { storePrefix } from '../../state/store-prefix.ts'
import { startPosition, type FollowedStream, type Position } from '../../state/position.ts'
import type { Change } from '../engine.ts'
import { ownWatch } from '../observed.ts'
import { keptBucket } from '../kept-bucket.ts'
import { AbsenceBook, type Heard } from './absence-book.ts'

/** What its alerts watch, as the engine stores it. */
const kind = 'absence'
const lookEveryMs = 1000
/** When nothing at all comes for so long, it is us who do not hear. */
const deafAfterMs = 30_000
const saveEveryMs = 10_000

type Kept = ReturnType<typeof keptBucket.read>

/** Alerts on what is not heard of, by the time at which we received it. While we cannot hear, everything holds. */
export const absences: CompanionKind = (view) => new Absences(view)

class Absences implements Companion {
  readonly #view: ShardView
  readonly #book: AbsenceBook
  /** Rules whose list of who was heard of is not stored yet. */
  readonly #unsaved = new Set<string>()
  /** Since when each rule with hours is within them; undefined: it is not. */
  readonly #hoursSinceMs = new Map<string, number | undefined>()
  #at: { stream: FollowedStream; position: Position } = { stream: 'METRICS', position: startPosition }
  #heardAnythingMs: number
  /** Since when we can hear. */
  #hearingSinceMs: number
  #savedMs: number
  #bucket: FencedBucket<Kept> | undefined
  #stopLooking: (() => void) | undefined
  #listening: (() => void) | undefined
  #isFull = false

  constructor(view: ShardView) {
    this.#view = view
    this.#book = new AbsenceBook(view.rules().absenceRules)
    const nowMs = view.context.clock.monotonicMs()
    this.#heardAnythingMs = nowMs
    this.#hearingSinceMs = nowMs
    this.#savedMs = nowMs
  }

  async open(): Promise<void> {
    const { context, lease, place } = this.#view
    const { bus, clock, log } = context
    const onRefused = (key: string, error: unknown): void => log.warn({ key, error }, 'the bus does not keep who was heard of')
    this.#bucket = new FencedBucket(await bus.bucket('hosts', keptBucket), lease, clock, onRefused, storePrefix(place))
    const kept = new Map(await this.#bucket.loadKeys(this.#book.rules.map(keyOf)))
    for (const rule of this.#book.rules) this.#restore(rule, kept.get(keyOf(rule)))
    await this.#view.carryOut(this.#takeUpAlerts())
    this.#listening = bus.onState(() => this.#deafen())
    this.#stopLooking = lookAround(this.#view, lookEveryMs, () => this.#look())
  }

  see(received: Received, at: { stream: FollowedStream; position: Position }): readonly Change[] {
    if (at.stream === 'METRICS') {
      this.#at = at
      this.#heardAnythingMs = this.#view.context.clock.monotonicMs()
    }
    if (received.kind === 'change' && received.event.what === 'forgotten') return this.#forget(received.address.host)
    if (received.kind === 'health' && received.event.state === 'removed') return this.#forget(received.address.host, received.event.check)
    if (this.#book.rules.length === 0) return []
    return this.#book.hear(received, this.#heardAnythingMs).flatMap(({ heard, isNew }) => {
      if (isNew) this.#unsaved.add(heard.rule.name)
      if (!heard.isAbsent) return []
      heard.isAbsent = false
      return this.#observe(heard, false)
    })
  }

  async reload(): Promise<void> {
    const gone = this.#book.use(this.#view.rules().absenceRules)
    const ended = gone.filter(({ isAbsent }) => isAbsent).flatMap((heard) => this.#observe(heard, false, 'rule changed'))
    if (ended.length > 0) await this.#view.carryOut(ended)
  }

  async stop(): Promise<void> {
    this.#stopLooking?.()
    this.#listening?.()
    if (this.#view.lease.holds()) await this.#save(this.#savedMs)
  }

  #restore(rule: AbsenceRule, kept: Kept | undefined): void {
    if (kept?.kind !== 'heard') return
    const nowMs = this.#view.context.clock.monotonicMs()
    for (const { host, check } of kept.of) if (rule.readsHost(host)) this.#book.restore(rule, host, check, nowMs, false)
  }

  /** Alerts of an earlier run go on; those whose rule is gone end. */
  #takeUpAlerts(): Change[] {
    const { book, context } = this.#view
    return [...book.all()].flatMap(({ series, life }): Change[] => {
      if (series.watch !== `${ownWatch}${kind}` || life?.phase !== 'firing') return []
      const check = series.labels['check'] ?? null
      const rule = this.#book.rules.find(({ name }) => name === series.rule)
      if (rule !== undefined && rule.readsHost(series.host)) {
        this.#book.restore(rule, series.host, check, context.clock.monotonicMs(), true)
        return []
      }
      return this.#say({ name: series.rule, severity: life.severity }, series.host, check, {
        isOn: false,
        id: life.epoch,
        detail: `${check ?? series.rule} is not waited for any more`,
        endReason: rule === undefined ? 'rule removed' : 'rule changed',
      })
    })
  }

  /** The bus went away or came back: what was not heard meanwhile says nothing. */
  #deafen(): void {
    this.#hearingSinceMs = this.#view.context.clock.monotonicMs()
  }

  async #look(): Promise<void> {
    const { bus, clock } = this.#view.context
    const nowMs = clock.monotonicMs()
    if (bus.state !== 'connected' || nowMs - this.#heardAnythingMs > deafAfterMs) this.#deafen()
    this.#sayWhenFull()
    const ended = this.#book.rules.flatMap((rule) => this.#followHours(rule, nowMs))
    const begun = this.#book
      .overdue(nowMs, (rule) => Math.max(this.#hearingSinceMs, this.#sinceMs(rule)))
      .flatMap((heard) => {
        heard.isAbsent = true
        return this.#observe(heard, true)
      })
    if (ended.length + begun.length > 0) await this.#view.carryOut([...ended, ...begun])
    if (this.#unsaved.size > 0 && nowMs - this.#savedMs >= saveEveryMs) await this.#save(nowMs)
  }

  #sayWhenFull(): void {
    if (this.#isFull || this.#book.overflowTotal === 0) return
    this.#isFull = true
    this.#view.context.log.warn({}, 'more was heard of than can be waited for; what comes on top is not missed when it falls silent')
  }

  /** When the hours of a rule end, so do its alerts. */
  #followHours(rule: AbsenceRule, nowMs: number): Change[] {
    if (rule.hours === null) return []
    const isWithin = rule.hours.contains(this.#view.context.clock.now())
    if (isWithin) {
      if (this.#hoursSinceMs.get(rule.name) === undefined) this.#hoursSinceMs.set(rule.name, nowMs)
      return []
    }
    this.#hoursSinceMs.set(rule.name, undefined)
    return this.#book.absent(rule).flatMap((heard) => {
      heard.isAbsent = false
      return this.#observe(heard, false, 'outside its hours')
    })
  }

  #sinceMs(rule: AbsenceRule): number {
    return rule.hours === null ? Number.NEGATIVE_INFINITY : (this.#hoursSinceMs.get(rule.name) ?? Number.POSITIVE_INFINITY)
  }

  #forget(host: Host, check?: string): readonly Change[] {
    const { absent, rules } = this.#book.forget(host, check)
    for (const rule of rules) this.#unsaved.add(rule)
    return absent.flatMap((heard) => this.#observe(heard, false, check === undefined ? 'host forgotten' : 'check removed'))
  }

  async #save(nowMs: number): Promise<void> {
    this.#savedMs = nowMs
    for (const rule of this.#unsaved) {
      this.#unsaved.delete(rule)
      const of = this.#book.of(rule).map(({ host, check }) => ({ host, check }))
      await this.#bucket?.put(keyOf({ name: rule }), { kind: 'heard', token: this.#view.lease.token, of })
    }
  }

  #observe(heard: Heard, isOn: boolean, endReason?: string): Change[] {
    const { rule, host, check } = heard
    const about = `${check ?? rule.watch}${host === null ? '' : ` on ${host}`}`
    const end = endReason === undefined ? 'is heard of again' : 'is not waited for any more'
    const detail = `${about} ${isOn ? `has not been heard of for ${formatDuration(rule.absentMs)}` : end}`
    const id = heard.lastId ?? `${rule.name}.${host ?? ''}.${check ?? ''}`.slice(0, 64)
    return this.#say(rule, host, check, { isOn, id, detail, ...(endReason === undefined ? {} : { endReason }) })
  }

  #say(
    { name, severity }: Pick<AbsenceRule, 'name' | 'severity'>,
    host: Host,
    check: string | null,
    what: { isOn: boolean; id: string; detail: string; endReason?: string },
  ): Change[] {
    const labels: Record<string, string> = check === null ? {} : { check }
    const at = this.#view.context.clock.now()
    const seen = { rule: name, kind, host, labels, severity, value: null, at, correlationId: what.id, ...what }
    return this.#view.engine.observe(seen, this.#at)
  }
}

function keyOf({ name }: Pick<AbsenceRule, 'name'>): string {
  return `heard.${name}`
}
