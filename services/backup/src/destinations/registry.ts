import { systemClock, type Clock } from '@nightshift/shared/clock'
import type { NatsConfig } from '@nightshift/shared/config/base'
import type { DestinationConfig } from '../config/destination-config.ts'
import { RetryingStore } from './retrying-store.ts'
import type { Store } from './store.ts'
import { ThrottledStore } from './throttled-store.ts'

export interface StoreContext {
  /** Plain host name, for the name of the connection. */
  host: string
  /** How to reach the bus, for an object store of it. */
  nats: NatsConfig
  clock?: Clock
}

/**
 * Opens a destination of the configuration, with its retries and its limit. The adapters are loaded when they are needed: the client of S3
 * alone is many megabytes. Nothing is asked of the other side before the first operation.
 */
export async function openStore(config: DestinationConfig, context: StoreContext): Promise<Store> {
  const store = await openAdapter(config, context)
  const clock = context.clock ?? systemClock
  const limited = config.bandwidth === undefined ? store : new ThrottledStore(store, config.bandwidth, { clock })
  return config.kind === 'local' ? limited : new RetryingStore(limited)
}

async function openAdapter(config: DestinationConfig, context: StoreContext): Promise<Store> {
  switch (config.kind) {
    case 'local': {
      const { LocalStore } = await import('./local-store.ts')
      return new LocalStore(config.path)
    }
    case 's3': {
      const { S3Store } = await import('./s3/s3-store.ts')
      return new S3Store(config)
    }
    case 'nats': {
      const { NatsStore } = await import('./nats/nats-store.ts')
      const { bucket, max_bytes: maxBytes, replicas } = config
      return new NatsStore({ bucket, maxBytes, replicas, connection: context.nats, host: context.host })
    }
  }
}
