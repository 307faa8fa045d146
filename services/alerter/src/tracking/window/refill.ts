import type { RawMessage, Reader } from '@nightshift/shared/bus/bus'
import type { MetricEvent } from '@nightshift/shared/events/metric'
import { parseEvent, type Received } from '@nightshift/shared/events/parse'
import type { Companion, CompanionKind, ShardView } from '../../companion.ts'
import type { RuleBook } from '../../rules/compile.ts'
import { ownsHost } from '../../shard-place.ts'
import { BaselineBook } from '../baseline/baseline-book.ts'
import { checkMetrics } from '../check-metrics.ts'
import { Valuation } from '../valuation.ts'
import { passesOver, type Pass } from './refill-passes.ts'

/** Messages are received some time after their event time. */
const marginMs = 30_000
/** What is not read by then is seen as it comes: the rules hold for as long as they look back. */
const maxMessages = 5_000_000
const maxBytes = 2 * 1024 ** 3
/** Between two of these the messages of now have their turn. */
const turnMessages = 200

/** One turn of reading the past: it ends with its last pass, or when the rules change. */
interface Refill {
  readonly rules: RuleBook
  readonly left: Pass[]
  messages: number
  bytes: number
}

/**
 * After a start, and when rules change, reads from METRICS what the rules look back on. Works beside the reader of what comes now; the two
 * are put together at the end of each pass. Until then a rule whose window is not full holds.
 */
export const refills: CompanionKind = (view) => new Refills(view)

class Refills implements Companion {
  readonly #view: ShardView
  /** What was read already, by recipe. */
  readonly #done = new Set<string>()
  #refill: Refill | undefined
  #reader: Reader | undefined

  constructor(view: ShardView) {
    this.#view = view
  }

  async open(): Promise<void> {
    this.#begin()
    await Promise.resolve()
  }

  /** Only rules that are new or read something else have anything to catch up with. */
  async reload(): Promise<void> {
    await this.stop()
    this.#begin()
  }

  async stop(): Promise<void> {
    this.#refill = undefined
    const reader = this.#reader
    this.#reader = undefined
    await reader?.stop()
  }

  notReady(): string[] {
    return this.#refill === undefined ? [] : ['reading from METRICS what rules look back on']
  }

  #begin(): void {
    const rules = this.#view.rules()
    const looking = rules.metricRules.filter(({ window, recipe }) => window !== null && !this.#done.has(recipe))
    if (looking.length === 0) return
    this.#refill = { rules, left: passesOver(looking), messages: 0, bytes: 0 }
    this.#readNext(this.#refill)
  }

  #readNext(refill: Refill): void {
    const { context, place } = this.#view
    const pass = refill.left.shift()
    if (pass === undefined) return this.#end(refill)
    const past = new Valuation(new BaselineBook())
    const reader = context.bus.follow({
      stream: 'METRICS',
      name: `alerter-past-${place.number}`,
      filter: `${context.bus.namespace}.${subjectsOf(pass.group)}`,
      after: 0,
      startMs: context.clock.now() - pass.overMs - marginMs,
      handle: (message) => (pass.reads(message.subject) ? this.#take(refill, past, message) : undefined),
      onCaughtUp: () => void this.#finish(refill, past),
    })
    this.#reader = reader
  }

  /** What breaks the contract is told by the reader of what comes now. */
  #take(refill: Refill, past: Valuation, message: RawMessage): Promise<void> | undefined {
    if (this.#refill !== refill) return undefined
    refill.messages++
    refill.bytes += message.data.byteLength
    if (refill.messages > maxMessages || refill.bytes > maxBytes) {
      refill.left.length = 0
      void this.#finish(refill, past)
      return undefined
    }
    try {
      const received = parseEvent(message.subject, message.data, this.#view.context.bus.namespace)
      if (received.kind === 'metric' || received.kind === 'check') {
        const { host } = received.address
        const seen = ownsHost(this.#view.place, host) ? metricsIn(received, refill.rules) : []
        for (const event of seen) past.remember(refill.rules, host, event, Date.parse(event.time))
      }
    } catch (error) {
      this.#view.context.log.debug({ error, subject: message.subject }, 'a message of the past is left out')
    }
    return refill.messages % turnMessages === 0 ? new Promise((resolve) => setImmediate(resolve)) : undefined
  }

  /** Called while the reader is at work, so nothing of it may be waited for there. */
  async #finish(refill: Refill, past: Valuation): Promise<void> {
    const reader = this.#reader
    if (this.#refill !== refill || reader === undefined) return
    this.#reader = undefined
    await reader.stop()
    await this.#view.exclusively(async () => {
      this.#view.engine.values.store.putBefore(past.store)
      await Promise.resolve()
    })
    if (this.#refill === refill) this.#readNext(refill)
  }

  #end(refill: Refill): void {
    this.#refill = undefined
    for (const { recipe } of refill.rules.metricRules) this.#done.add(recipe)
    const { messages } = refill
    this.#view.context.log.info({ messages, series: this.#view.engine.values.store.size }, 'read from METRICS what rules look back on')
  }
}

function subjectsOf(group: string | undefined): string {
  if (group === 'check') return 'check.>'
  return group === undefined ? 'metric.>' : `metric.*.${group}`
}

/** The numbers of a check are metrics too, one message for each that a rule reads. */
function metricsIn(received: Extract<Received, { kind: 'metric' | 'check' }>, rules: RuleBook): MetricEvent[] {
  if (received.kind === 'metric') return [received.event]
  const fields = new Set(rules.forGroup('check', received.address.host).map(({ field }) => field))
  return [...fields].flatMap((field) => checkMetrics(received.event, field) ?? [])
}
