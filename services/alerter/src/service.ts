import { setTimeout as sleep } from 'node:timers/promises'
import type { Lease } from '@nightshift/shared/bus/bus'
import type { RunningService, SelfMetrics, ServiceContext, ServiceDefinition } from '@nightshift/shared/service/service'
import { OpenChannels } from './channels/open-channels.ts'
import type { AlerterConfig } from './config.ts'
import { Counters } from './counters.ts'
import { listAlerts, listStoredAlerts, type AlertList } from './list-alerts.ts'
import { selfMetrics } from './metrics.ts'
import { peopleEndpoints } from './people-endpoints.ts'
import { timezoneOf } from './timezone.ts'
import { Shard } from './shard.ts'

const leaseKey = 'alerter.shard-0'
const startOverMs = 1000

/** Judges metrics and checks by rules, and tells people. One replica works, the others stand by. */
export const alerter: ServiceDefinition<AlerterConfig> = {
  name: 'alerter',
  port: 8472,
  description: 'Judges metrics and checks by rules, and tells people',
  start: (context) => Promise.resolve(new Alerter(context)),
}

class Alerter implements RunningService<AlerterConfig> {
  readonly #context: ServiceContext<AlerterConfig>
  readonly #counters = new Counters()
  readonly #channels: OpenChannels
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>
  #config: AlerterConfig
  #shard: Shard | undefined
  #state: 'standby' | 'loading' | 'working' = 'standby'

  constructor(context: ServiceContext<AlerterConfig>) {
    const { base, config, clock, log, version, bus } = context
    this.#context = context
    this.#config = config
    this.#channels = new OpenChannels({ clock, log, version, locale: base.locale, timezone: timezoneOf(base) }, config.channels)
    const list = { verb: 'list', description: 'Alerts that are pending or firing', handle: () => this.#list() }
    bus.serve([list, ...peopleEndpoints({ bus, clock, list: () => this.#list() })])
    this.#running = this.#run()
  }

  notReady(): string[] {
    return this.#state === 'loading' ? ['reading the state of alerts'] : (this.#shard?.notReady() ?? [])
  }

  isStandby(): boolean {
    return this.#state === 'standby'
  }

  self(): SelfMetrics {
    return selfMetrics(this.#counters, this.#shard)
  }

  async reload(config: AlerterConfig): Promise<void> {
    this.#config = config
    if (this.#shard === undefined) this.#channels.use(config.channels)
    else await this.#shard.reload(config)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    this.#channels.close()
  }

  /** One turn after the other: wait for the lease, work until it is lost. */
  async #run(): Promise<void> {
    const { bus, log, source } = this.#context
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        await bus.ready(signal)
        await this.#work(await bus.acquireLease({ key: leaseKey, holder: source, signal }))
      } catch (error) {
        if (!signal.aborted) log.warn({ error }, 'the alerter could not start its work; trying again')
      }
      this.#state = 'standby'
      await sleep(startOverMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async #work(lease: Lease): Promise<void> {
    this.#state = 'loading'
    this.#counters.takeovers++
    const { signal } = this.#stopping
    const { promise: stopped, resolve } = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => resolve(), { once: true })
    if (signal.aborted) resolve()
    try {
      const shard = await Shard.open({
        context: this.#context,
        lease,
        counters: this.#counters,
        channels: this.#channels,
        config: this.#config,
        random: Math.random,
      })
      this.#shard = shard
      this.#state = 'working'
      await Promise.race([shard.lost, stopped])
    } finally {
      await this.#shard?.stop()
      this.#shard = undefined
      await lease.release()
    }
  }

  #list(): Promise<AlertList> {
    const { bus } = this.#context
    if (this.#shard === undefined) return listStoredAlerts(bus)
    const records = [...this.#shard.book.all()].flatMap(({ record, life }) =>
      record === undefined ? [] : [{ ...record, life: life ?? record.life }],
    )
    return Promise.resolve(listAlerts(records))
  }
}
