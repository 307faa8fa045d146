import type { IncomingMessage, ServerResponse } from 'node:http'
import { ConfigError } from '@nightshift/shared/errors'
import type { RunningService, SelfMetrics, ServiceContext, ServiceDefinition } from '@nightshift/shared/service/service'
import { AlertmanagerApi } from './alertmanager/api.ts'
import { OpenChannels } from './channels/open-channels.ts'
import type { Ask } from './channels/slack/slack-actions.ts'
import { SlackPeople } from './channels/slack/slack-people.ts'
import { testEndpoint } from './channels/test-endpoint.ts'
import type { AlerterConfig } from './config.ts'
import { Counters } from './counters.ts'
import { alertStates } from './explain/alert-states.ts'
import { explainEndpoint } from './explain/explain-endpoint.ts'
import type { Standing } from './explain/standing.ts'
import { storedStanding } from './explain/stored-standing.ts'
import { askedFor, listAlerts, type AlertList } from './list-alerts.ts'
import { selfMetrics } from './metrics.ts'
import { peopleEndpoints } from './people-endpoints.ts'
import { ShardKeeper } from './shard-keeper.ts'
import type { Shard } from './shard.ts'
import { textsOf } from './texts/texts.ts'
import { timezoneOf } from './timezone.ts'

/** For each shard that it has already, a replica leaves a free one to the others for so long. Part of the time that a takeover takes. */
const patienceMs = 400
/** The same for a shard that nobody has had yet: replicas that start together do not start at the same moment. */
const startPatienceMs = 2000

/** Judges metrics and checks by rules, and tells people. Each shard is the work of one replica at a time; the others stand by. */
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
  readonly #slack: SlackPeople
  readonly #keepers: readonly ShardKeeper[]
  readonly #alertmanager: AlertmanagerApi
  #config: AlerterConfig

  constructor(context: ServiceContext<AlerterConfig>) {
    const { base, config, clock, log, version, bus } = context
    this.#context = context
    this.#config = config
    this.#channels = new OpenChannels({ clock, log, version, locale: base.locale, timezone: timezoneOf(base) }, config.channels)
    const list = {
      verb: 'list',
      description: 'Alerts that are pending or firing; only some of them: {"alerts": ["<fingerprint>"]}',
      handle: (request: unknown) => this.#list(request),
    }
    const explain = explainEndpoint(async () => await this.#standing())
    const texts = textsOf(base.locale, timezoneOf(base))
    const test = testEndpoint({ channels: this.#channels, clock, source: context.source, texts })
    const endpoints = [list, explain, test, ...peopleEndpoints({ bus, clock, records: async () => (await this.#standing()).records })]
    bus.serve(endpoints)
    const ask: Ask = async (verb, request) => await endpoints.find((endpoint) => endpoint.verb === verb)?.handle(request)
    this.#slack = new SlackPeople({ log, clock, locale: base.locale, timezone: timezoneOf(base), ask }, config.channels)
    const channelNames = (): string[] => this.#channels.all.map(({ name }) => name)
    this.#alertmanager = new AlertmanagerApi({ bus, clock, version, list: () => this.#list(), channels: channelNames })
    this.#keepers = Array.from({ length: config.shards }, (_, number) => this.#keep(number))
  }

  notReady(): string[] {
    return [...new Set(this.#keepers.flatMap((keeper) => keeper.notReady()))]
  }

  isStandby(): boolean {
    return this.#keepers.every(({ isStandby }) => isStandby)
  }

  self(): SelfMetrics {
    return selfMetrics(this.#counters, this.#shards())
  }

  async reload(config: AlerterConfig): Promise<void> {
    if (config.shards !== this.#config.shards)
      throw new ConfigError('restart_needed', '`alerter.shards` takes effect when all replicas are started anew; nothing was changed')
    this.#config = config
    const changed = this.#channels.use(config.channels)
    this.#slack.use(config.channels)
    for (const shard of this.#shards()) await shard.reload(config, changed)
  }

  async stop(): Promise<void> {
    await Promise.all(this.#keepers.map(async (keeper) => await keeper.stop()))
    await this.#slack.stop()
    this.#channels.close()
  }

  async handleHttp(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    return (await this.#alertmanager.handle(request, response)) || (await this.#slack.handleHttp(request, response))
  }

  #keep(number: number): ShardKeeper {
    return new ShardKeeper({
      context: this.#context,
      place: { number, shards: this.#config.shards },
      counters: this.#counters,
      channels: this.#channels,
      config: () => this.#config,
      patienceMs: (wasHeld) => this.#patienceMs(wasHeld),
    })
  }

  /** Who has nothing to do takes a free shard first. */
  #patienceMs(wasHeld: boolean): number {
    const held = this.#keepers.filter(({ isStandby }) => !isStandby).length
    return held * (wasHeld ? patienceMs : startPatienceMs)
  }

  #shards(): Shard[] {
    return this.#keepers.flatMap(({ shard }) => shard ?? [])
  }

  async #list(request?: unknown): Promise<AlertList> {
    const standing = await this.#standing()
    return listAlerts(askedFor(standing.records, request), alertStates(standing))
  }

  async #standing(): Promise<Standing> {
    const { base, bus, clock } = this.#context
    const [first, ...rest] = this.#shards().map((shard) => shard.standing())
    // What other replicas hold is seen as it is stored.
    if (first === undefined || rest.length + 1 < this.#keepers.length)
      return await storedStanding(bus, this.#config, timezoneOf(base), clock.now())
    if (rest.length === 0) return first
    const all = [first, ...rest]
    return {
      ...first,
      records: all.flatMap(({ records }) => records),
      groups: all.flatMap(({ groups }) => groups),
      muters: all.flatMap(({ muters }) => muters),
      holds: (series) => all.map(({ holds }) => holds?.(series) ?? null).find((reason) => reason !== null) ?? null,
    }
  }
}
