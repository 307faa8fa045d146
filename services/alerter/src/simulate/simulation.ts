import type { BaseConfig } from '@nightshift/shared/config/base'
import { isoTime } from '@nightshift/shared/clock'
import { describeError } from '@nightshift/shared/errors'
import type { AlertEvent } from '@nightshift/shared/events/alert'
import { derivedId } from '@nightshift/shared/ids'
import { createLog } from '@nightshift/shared/service/log'
import type { ServiceContext } from '@nightshift/shared/service/service'
import { heartbeatIntervalMs } from '@nightshift/shared/service/heartbeat'
import { buildSubject, parseSubject, rpcSubject } from '@nightshift/shared/subjects'
import type { Channel } from '../channels/channel.ts'
import { OpenChannels } from '../channels/open-channels.ts'
import type { ChannelConfig } from '../channels/registry.ts'
import type { AlerterConfig } from '../config.ts'
import { Counters } from '../counters.ts'
import type { Standing } from '../explain/standing.ts'
import type { Notification } from '../notify/notification.ts'
import { peopleEndpoints } from '../people-endpoints.ts'
import { Shard } from '../shard.ts'
import { timezoneOf } from '../timezone.ts'
import { MemoryBus, type Recorded } from './memory-bus.ts'
import { settled, VirtualTime } from './virtual-time.ts'

export interface SimulationOptions {
  readonly base: BaseConfig
  readonly config: AlerterConfig
  readonly startMs: number
  /** Messages from before the start: the transitions among them say what each check is in. */
  readonly past?: readonly Recorded[]
  readonly onAlert: (event: AlertEvent) => void
  readonly onNotification: (notification: Notification, atMs: number) => void
  /** Drills are left out, unless they are what is simulated. */
  readonly isWithDrills?: boolean
  /** What looks around all the time does so at most this often; see VirtualTime. */
  readonly leastLookMs?: number
}

const host = 'simulation'
const source = `alerter@${host}`
/** Nothing crashes here, so there is little to make good after a crash. */
const checkpointEveryMs = 60_000

/**
 * The alerter as it is, with its companions, groups and outbox, on a bus in memory and a clock that is turned by hand. Channels take what
 * they are given at once, and tell nobody.
 */
export class Simulation {
  readonly #time: VirtualTime
  readonly #bus: MemoryBus
  readonly #shard: Shard
  readonly #channels: OpenChannels
  readonly #problems: string[]

  /** Has the timers of the process until `close`. */
  static async open(options: SimulationOptions): Promise<Simulation> {
    const { base, startMs } = options
    // Nobody outside is to hear of a simulation.
    const { deadman: _deadman, drill, ...others } = options.config
    const config = options.isWithDrills === true && drill !== undefined ? { ...others, drill } : others
    const time = new VirtualTime(startMs, options.leastLookMs)
    try {
      const problems: string[] = []
      const log = createLog({ service: 'alerter', host, level: 'error', clock: time, write: (line) => void problems.push(line) })
      const bus = new MemoryBus((subject, event) => {
        if (parseSubject(subject, base.namespace)?.kind === 'alert') options.onAlert(event as AlertEvent)
      })
      for (const message of options.past ?? []) bus.keep(message)
      const context: ServiceContext<AlerterConfig> = {
        name: 'alerter',
        host,
        instance: host,
        version: '0',
        source,
        clock: time,
        log,
        bus,
        stateDir: '',
        base,
        config,
      }
      const openOne = (channel: ChannelConfig): Channel =>
        recorder(channel, (notification) => options.onNotification(notification, time.now()))
      const about = { clock: time, log, version: '0', locale: base.locale, timezone: timezoneOf(base) }
      const channels = new OpenChannels(about, config.channels, openOne)
      const lease = await bus.acquireLease({ key: 'simulation', holder: source })
      const parts = {
        context,
        lease,
        place: { number: 0, shards: 1 },
        counters: new Counters(),
        channels,
        config,
        random: () => 0.5,
        checkpointEveryMs,
      }
      const shard = await Shard.open(parts)
      const beat = (): void => void bus.deliver(heartbeatOf(time.now()))
      beat()
      setInterval(beat, heartbeatIntervalMs)
      await settled()
      bus.serve(peopleEndpoints({ bus, clock: time, records: async () => await Promise.resolve(shard.standing().records) }))
      return new Simulation({ time, bus, shard, channels, problems })
    } catch (error) {
      time.end()
      throw error
    }
  }

  private constructor(parts: { time: VirtualTime; bus: MemoryBus; shard: Shard; channels: OpenChannels; problems: string[] }) {
    this.#time = parts.time
    this.#bus = parts.bus
    this.#shard = parts.shard
    this.#channels = parts.channels
    this.#problems = parts.problems
  }

  /** Lets the time pass until then. */
  async advanceTo(atMs: number): Promise<void> {
    await this.#time.advanceTo(atMs)
  }

  /** A message comes, after everything that is due before it. */
  async receive(message: Recorded): Promise<void> {
    await this.#time.advanceTo(message.receivedMs)
    const isWorkedOn = this.#bus.deliver(message)
    if (isWorkedOn === undefined) return
    await isWorkedOn
    await settled()
  }

  /** What a person asks of the alerter: ack, silence, unsilence... */
  async ask<T>(verb: string, request: unknown): Promise<T> {
    const answer = await this.#bus.request<T>(rpcSubject('alerter', verb), request)
    await settled()
    return answer
  }

  standing(): Standing {
    return this.#shard.standing()
  }

  /** What went wrong: lines of the log, messages that break the contract. */
  problems(): string[] {
    return [...this.#problems, ...this.#bus.dead.map(({ subject, error }) => `${subject}: ${describeError(error)}`)]
  }

  async close(): Promise<void> {
    this.#time.end()
    await this.#shard.stop()
    this.#channels.close()
  }
}

/** Its own heartbeat, by which the alerter knows that it sees. */
function heartbeatOf(atMs: number): Recorded {
  const [id, time] = [derivedId(atMs, source), isoTime(atMs)]
  const about = { v: 1, id, time, host, source, correlation_id: host, service: 'alerter', instance: host, version: '0', pid: 1 }
  const event = { ...about, started_time: time, interval_seconds: heartbeatIntervalMs / 1000, state: 'ready', reasons: [], self: {} }
  const subject = buildSubject({ kind: 'agent', host, service: 'alerter' })
  return { stream: 'METRICS', subject, receivedMs: atMs, data: Buffer.from(JSON.stringify(event)) }
}

function recorder({ kind }: ChannelConfig, onNotification: (notification: Notification) => void): Channel {
  return {
    kind,
    send: async (notification) => {
      onNotification(notification)
      await Promise.resolve()
    },
    close: () => undefined,
  }
}
