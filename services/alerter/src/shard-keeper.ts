import { setTimeout as sleep } from 'node:timers/promises'
import type { Lease } from '@nightshift/shared/bus/bus'
import type { ServiceContext } from '@nightshift/shared/service/service'
import type { OpenChannels } from './channels/open-channels.ts'
import type { AlerterConfig } from './config.ts'
import type { Counters } from './counters.ts'
import type { ShardPlace } from './shard-place.ts'
import { Shard } from './shard.ts'

interface Parts {
  readonly context: ServiceContext<AlerterConfig>
  readonly place: ShardPlace
  readonly counters: Counters
  readonly channels: OpenChannels
  readonly config: () => AlerterConfig
  /** How long to leave the lease to other replicas while it is free. */
  readonly patienceMs: (wasHeld: boolean) => number
}

const startOverMs = 1000
const betweenTriesMs = 150

/** Keeps one shard at work for as long as this replica has its lease, and waits for the lease otherwise. */
export class ShardKeeper {
  #shard: Shard | undefined
  #state: 'standby' | 'loading' | 'working' = 'standby'
  readonly #parts: Parts
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>

  constructor(parts: Parts) {
    this.#parts = parts
    this.#running = this.#run()
  }

  /** undefined while another replica has it. */
  get shard(): Shard | undefined {
    return this.#shard
  }

  get isStandby(): boolean {
    return this.#state === 'standby'
  }

  notReady(): string[] {
    return this.#state === 'loading' ? ['reading the state of alerts'] : (this.#shard?.notReady() ?? [])
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  /** One turn after the other: wait for the lease, work until it is lost. */
  async #run(): Promise<void> {
    const { context, place, patienceMs } = this.#parts
    const { bus, log, source } = context
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        await bus.ready(signal)
        // One after the other, so that a replica knows what it has before it tries for more.
        await sleep(place.number * betweenTriesMs, undefined, { signal })
        await this.#work(await bus.acquireLease({ key: `alerter.shard-${place.number}`, holder: source, patienceMs, signal }))
      } catch (error) {
        if (!signal.aborted) log.warn({ error, shard: place.number }, 'the alerter could not start its work; trying again')
      }
      this.#state = 'standby'
      await sleep(startOverMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async #work(lease: Lease): Promise<void> {
    const { context, place, counters, channels, config } = this.#parts
    this.#state = 'loading'
    counters.takeovers++
    const { signal } = this.#stopping
    const { promise: stopped, resolve } = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => resolve(), { once: true })
    if (signal.aborted) resolve()
    try {
      const shard = await Shard.open({ context, lease, place, counters, channels, config: config(), random: Math.random })
      this.#shard = shard
      this.#state = 'working'
      await Promise.race([shard.lost, stopped])
    } finally {
      await this.#shard?.stop()
      this.#shard = undefined
      await lease.release()
    }
  }
}
