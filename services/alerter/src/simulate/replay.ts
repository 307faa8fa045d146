import type { BaseConfig } from '@nightshift/shared/config/base'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import type { AlerterConfig } from '../config.ts'
import { neverFired } from '../alert/life.ts'
import type { Notification } from '../notify/notification.ts'
import type { Recorded } from './memory-bus.ts'
import { Simulation } from './simulation.ts'

/** What a rule would have done. */
export interface RuleSummary {
  readonly rule: string
  /** Occurrences that fired. */
  readonly fired: number
  readonly hosts: number
  /** Messages in which people would have read of it. */
  readonly told: number
  /** Occurrences that fired and were over, or still last, without a word to anybody. */
  readonly untold: number
  readonly longestMs: number
  readonly firingAtEnd: number
}

export interface ReplayResult {
  readonly messages: number
  readonly fromMs: number
  readonly toMs: number
  readonly rules: readonly RuleSummary[]
  /** Messages to each channel. */
  readonly channels: Readonly<Record<string, number>>
  readonly problems: readonly string[]
}

interface Occurrence {
  readonly rule: string
  readonly host: string | null
  readonly firedMs: number
  endMs: number | undefined
  isTold: boolean
}

export interface ReplayOptions {
  readonly base: BaseConfig
  readonly config: AlerterConfig
  /** In the order in which they came. What is before `fromMs` only says what each check is in. */
  readonly messages: readonly Recorded[]
  readonly fromMs: number
  readonly toMs: number
}

/** Lets the alerter read what was recorded, and counts whom it would have told. */
export async function replay({ base, config, messages, fromMs, toMs }: ReplayOptions): Promise<ReplayResult> {
  const tally = new Tally()
  const past = messages.filter(({ receivedMs, stream }) => receivedMs < fromMs && stream === 'EVENTS')
  const simulation = await Simulation.open({
    base,
    config,
    startMs: fromMs,
    leastLookMs: toMs - fromMs > longSpanMs ? longSpanLookMs : 1,
    past,
    onAlert: (event) => tally.alert(event),
    onNotification: (notification) => tally.notification(notification),
  })
  let count = 0
  try {
    for (const message of messages) {
      if (message.receivedMs < fromMs || message.receivedMs > toMs) continue
      count++
      await simulation.receive(message)
    }
    await simulation.advanceTo(toMs)
    return { messages: count, fromMs, toMs, ...tally.sum(toMs), problems: simulation.problems() }
  } finally {
    await simulation.close()
  }
}

/** Over such a span hosts are missed some seconds later than they would be, for the sake of speed. */
const longSpanMs = 6 * 3_600_000
/** A longer one the presence of hosts would take for a pause of its own (presence/sight.ts). */
const longSpanLookMs = 5000

class Tally {
  readonly #occurrences = new Map<string, Occurrence>()
  readonly #told = new Map<string, Set<string>>()
  readonly #channels: Record<string, number> = {}

  alert({ fingerprint, epoch, phase, rule, host, time, reason }: AlertEvent): void {
    const key = `${fingerprint} ${epoch}`
    const known = this.#occurrences.get(key)
    const atMs = Date.parse(time)
    if (phase === 'firing' && known === undefined)
      this.#occurrences.set(key, { rule, host, firedMs: atMs, endMs: undefined, isTold: false })
    if (phase === 'resolved' && known !== undefined && !neverFired(reason)) known.endMs = atMs
  }

  notification({ id, channel, message }: Notification): void {
    this.#channels[channel] = (this.#channels[channel] ?? 0) + 1
    for (const { fingerprint, epoch, rule } of message.alerts) {
      const occurrence = this.#occurrences.get(`${fingerprint} ${epoch}`)
      if (occurrence !== undefined) occurrence.isTold = true
      const told = this.#told.get(rule) ?? new Set()
      this.#told.set(rule, told.add(`${id} ${channel}`))
    }
  }

  sum(nowMs: number): Pick<ReplayResult, 'rules' | 'channels'> {
    const byRule = Map.groupBy(this.#occurrences.values(), ({ rule }) => rule)
    const rules = [...byRule].map(([rule, all]): RuleSummary => ({
      rule,
      fired: all.length,
      hosts: new Set(all.map(({ host }) => host)).size,
      told: this.#told.get(rule)?.size ?? 0,
      untold: all.filter(({ isTold }) => !isTold).length,
      longestMs: all.reduce((longest, { firedMs, endMs }) => Math.max(longest, (endMs ?? nowMs) - firedMs), 0),
      firingAtEnd: all.filter(({ endMs }) => endMs === undefined).length,
    }))
    return { rules: rules.toSorted((a, b) => b.told - a.told || b.fired - a.fired || (a.rule < b.rule ? -1 : 1)), channels: this.#channels }
  }
}
