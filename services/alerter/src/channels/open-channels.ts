import { Delivered } from '../notify/delivered.ts'
import type { NamedChannel } from '../route/channels-for.ts'
import type { Channel, ChannelContext } from './channel.ts'
import { openChannel, type ChannelConfig } from './registry.ts'

type ChannelConfigs = Readonly<Record<string, ChannelConfig>>

/** The channels of the configuration, open. */
export class OpenChannels {
  /** What went out by them. */
  readonly delivered = new Delivered()
  readonly #context: ChannelContext
  readonly #openOne: typeof openChannel
  #configs: ChannelConfigs = {}
  readonly #open = new Map<string, Channel>()

  /** `openOne` stands in for the real channels in a simulation. */
  constructor(context: ChannelContext, configs: ChannelConfigs, openOne = openChannel) {
    this.#context = context
    this.#openOne = openOne
    this.use(configs)
  }

  get all(): NamedChannel[] {
    return [...this.#open].map(([name, { kind }]) => ({ name, kind }))
  }

  find(name: string): Channel | undefined {
    return this.#open.get(name)
  }

  kindOf(name: string): string {
    return this.#open.get(name)?.kind ?? 'unknown'
  }

  /** Opens what is new, closes what is gone, and leaves alone what did not change. Returns the names that changed. */
  use(configs: ChannelConfigs): string[] {
    const names = new Set([...Object.keys(this.#configs), ...Object.keys(configs)])
    const changed = [...names].filter((name) => JSON.stringify(this.#configs[name]) !== JSON.stringify(configs[name]))
    for (const name of changed) {
      this.#open.get(name)?.close()
      this.#open.delete(name)
      const config = configs[name]
      if (config !== undefined) this.#open.set(name, this.#openOne(config, this.#context))
    }
    this.#configs = configs
    return changed
  }

  close(): void {
    this.use({})
  }
}
