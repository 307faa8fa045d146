import { bootstrap } from '@nightshift/shared/bus/bootstrap'
import { dial } from '@nightshift/shared/bus/connect'
import { systemClock } from '@nightshift/shared/clock'
import type { BaseConfig, NatsConfig } from '@nightshift/shared/config/base'
import { describeError } from '@nightshift/shared/errors'
import type { ComponentHealth } from '@nightshift/shared/service/health'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import { startStoreProbe } from './store-probe.ts'

export interface Provisioner {
  /** Whether the broker stores what is published. */
  storeHealth: () => ComponentHealth
  stop(): Promise<void>
}

export interface ProvisionOptions {
  /** Where, and as the admin. */
  nats: NatsConfig
  base: BaseConfig
  host: string
  instance: string
  version: string
  log: Logger
}

/**
 * Creates streams and buckets, now and on every reconnect: what was in memory does not survive a restart of the broker. Resolves when
 * they are there for the first time.
 */
export async function provision(options: ProvisionOptions): Promise<Provisioner> {
  const { base, log } = options
  const connection = await dial({
    ...options.nats,
    service: 'admin',
    host: options.host,
    instance: options.instance,
    version: options.version,
    namespace: base.namespace,
    spoolDir: null,
    needs: { streams: [], buckets: [] },
  })
  const results = await bootstrap(connection, base.streams, base.namespace)
  const made = results.filter(({ action }) => action !== 'unchanged')
  if (made.length > 0) log.info(`streams and buckets: ${made.length} created or updated, ${results.length - made.length} as they should be`)
  const watching = again(connection, base, log)
  const probe = startStoreProbe({ connection, namespace: base.namespace, clock: systemClock, log })
  return {
    storeHealth: probe.health,
    stop: async () => {
      await probe.stop()
      await connection.close()
      await watching
    },
  }
}

async function again(connection: NatsConnection, base: BaseConfig, log: Logger): Promise<void> {
  for await (const { type } of connection.status()) {
    if (type !== 'reconnect') continue
    try {
      await bootstrap(connection, base.streams, base.namespace)
    } catch (error) {
      log.error({ error }, `streams could not be asserted: ${describeError(error)}`)
    }
  }
}
