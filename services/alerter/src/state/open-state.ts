import type { Lease } from '@nightshift/shared/bus/bus'
import type { ServiceContext } from '@nightshift/shared/service/service'
import type { Counters } from '../counters.ts'
import { Outbox } from '../notify/outbox.ts'
import { outboxBucket } from '../notify/outbox-record.ts'
import type { ShardPlace } from '../shard-place.ts'
import { adopt } from './adopt.ts'
import { AlertStore, type Loaded } from './alert-store.ts'
import { FencedBucket } from './fenced-bucket.ts'
import { storePrefix } from './store-prefix.ts'
import { storedBucket } from './stored.ts'

interface Parts {
  readonly context: Pick<ServiceContext<unknown>, 'bus' | 'clock' | 'log'>
  readonly lease: Lease
  readonly place: ShardPlace
  readonly counters: Counters
}

/** What a shard keeps, with what is stored of it. */
export async function openState({
  context,
  lease,
  place,
  counters,
}: Parts): Promise<{ store: AlertStore; outbox: Outbox; loaded: Loaded }> {
  const { bus, clock, log } = context
  const adopted = await adopt({ bus, lease, clock, place })
  if (adopted !== undefined) log.info({ ...place, alerts: adopted }, 'took over from another number of shards')
  const onRefused = (key: string, error: unknown): void => {
    counters.storeRefusals++
    log.error({ error, key }, 'the bus does not keep the state of an alert; after a restart it may be told again')
  }
  const prefix = storePrefix(place)
  const alerts = new FencedBucket(await bus.bucket('alerts', storedBucket), lease, clock, onRefused, prefix)
  const outbox = new FencedBucket(await bus.bucket('outbox', outboxBucket), lease, clock, onRefused, prefix)
  const store = new AlertStore(alerts, lease.token, place.number)
  return { store, outbox: new Outbox(outbox, lease.token), loaded: await store.load() }
}
