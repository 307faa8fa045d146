import type { Clock } from '@nightshift/shared/clock'
import { describeError, NightshiftError } from '@nightshift/shared/errors'
import { explainConnectionError, explainTimeout } from '../../network/connection-error.ts'
import type { Fields, SourceContext } from '../../sources/source.ts'
import { CounterMemories, CounterMemory } from '../counter-memory.ts'
import { DetailSchedule } from '../detail-schedule.ts'
import { defaultPatienceMs, Session } from '../session.ts'
import type { Look, Target, Things } from '../target-group.ts'
import { countersOf, jetStreamFields, serverFields, streamStates, within, type NatsCounter } from './figures.ts'
import { NatsMonitor } from './monitor.ts'

interface NatsTargetConfig {
  url: string
  insecure: boolean
  timeout?: number | undefined
  streams: number
  detail_every: number
}

/** One NATS server by its monitoring port: /varz and /jsz on each look, its streams every `detail_every`. */
export class NatsTarget implements Target {
  readonly name: string
  readonly #config: NatsTargetConfig
  readonly #clock: Clock
  readonly #schedule: DetailSchedule
  readonly #session: Session<NatsMonitor>
  readonly #memory: CounterMemory<NatsCounter>
  readonly #streams: CounterMemories<'sequence'>

  constructor(name: string, config: NatsTargetConfig, { clock, log, everyMs }: SourceContext) {
    this.name = name
    this.#config = config
    this.#clock = clock
    this.#schedule = new DetailSchedule(config.detail_every)
    const target = new URL(config.url).host
    const patienceMs = config.timeout ?? defaultPatienceMs(everyMs)
    this.#session = new Session({
      name: `nats ${name}`,
      open: async () => await NatsMonitor.open(config.url, config.insecure),
      explain: (error) => (error instanceof NightshiftError ? `${target}: ${describeError(error)}` : explainConnectionError(error, target)),
      explainLate: () => explainTimeout(target, patienceMs, true),
      patienceMs,
      clock,
      log,
    })
    this.#memory = new CounterMemory()
    this.#streams = new CounterMemories()
  }

  async look(): Promise<Look | undefined> {
    const fields = await this.#session.ask(async (monitor) => await this.#figures(monitor))
    if (fields === undefined) {
      this.forget()
      return undefined
    }
    const isDue = this.#config.streams > 0 && fields['jetstream_streams'] !== undefined && this.#schedule.isDue(this.#clock.monotonicMs())
    const streams = isDue ? await this.#session.ask(async (monitor) => await this.#streamItems(monitor)) : undefined
    return { fields, ...(streams === undefined ? {} : { beside: { nats_stream: streams } }) }
  }

  forget(): void {
    this.#memory.forget()
    this.#streams.forget()
    this.#schedule.reset()
  }

  close(): void {
    this.#session.close()
  }

  async #figures(monitor: NatsMonitor): Promise<Fields> {
    const startMs = this.#clock.monotonicMs()
    const varz = await monitor.get('varz')
    const nowMs = this.#clock.monotonicMs()
    const isOn = Object.keys(within(varz, 'jetstream', 'config')).length > 0
    const jsz = isOn ? await monitor.get('jsz') : undefined
    const rates = this.#memory.rates(nowMs, countersOf(varz))
    return { answer_seconds: (nowMs - startMs) / 1000, ...serverFields(varz, rates), ...jetStreamFields(jsz, rates.api_errors) }
  }

  async #streamItems(monitor: NatsMonitor): Promise<Things> {
    this.#schedule.noteAsked(this.#clock.monotonicMs())
    const [varz, jsz] = [await monitor.get('varz'), await monitor.get('jsz?accounts=true&streams=true')]
    const all = streamStates(jsz, varz['server_name'])
    const kept = all.slice(0, this.#config.streams)
    const rates = this.#streams.rates(this.#clock.monotonicMs(), new Map(kept.map(({ key, sequence }) => [key, { sequence }])))
    return {
      items: kept.map(({ key, item }) => ({ ...item, messages_per_second: rates.get(key)?.sequence ?? null })),
      overflow: all.length - kept.length,
    }
  }
}
