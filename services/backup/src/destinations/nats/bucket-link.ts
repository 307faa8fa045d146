import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { dial } from '@nightshift/shared/bus/connect'
import type { Live } from '@nightshift/shared/bus/live'
import type { NatsConfig } from '@nightshift/shared/config/base'
import { BusError } from '@nightshift/shared/errors'

const requestTimeoutMs = 15_000

/**
 * A connection for bulk data, beside that of the bus, so that no heartbeat waits behind a pack. Opened at the first use, and anew after it
 * broke: what was on its way then is of no use.
 */
export class BucketLink {
  readonly #connection: NatsConfig
  readonly #host: string
  #opening: Promise<Live> | undefined
  #isClosed = false

  constructor(connection: NatsConfig, host: string) {
    this.#connection = connection
    this.#host = host
  }

  async live(): Promise<Live> {
    if (this.#isClosed) throw new BusError('bus_closed', 'the connection to the bus was closed')
    const opening = (this.#opening ??= this.#open())
    try {
      return await opening
    } catch (error) {
      if (this.#opening === opening) this.#opening = undefined
      throw error
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const live = await this.#opening?.catch(() => undefined)
    await live?.nc.close()
  }

  async #open(): Promise<Live> {
    const service = 'backup'
    const needs = { streams: [], buckets: [] }
    const nc = await dial({ ...this.#connection, service, host: this.#host, instance: service, version: '', spoolDir: null, needs })
    const breaking = new AbortController()
    const options = { timeout: requestTimeoutMs, checkAPI: false }
    const live: Live = { nc, js: jetstream(nc, options), jsm: await jetstreamManager(nc, options), broken: breaking.signal }
    void this.#follow(nc, breaking)
    return live
  }

  async #follow(nc: NatsConnection, breaking: AbortController): Promise<void> {
    for await (const event of nc.status()) {
      if (event.type === 'disconnect') break
    }
    this.#opening = undefined
    breaking.abort()
    await nc.close()
  }
}
