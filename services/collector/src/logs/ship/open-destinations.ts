import type { Bus } from '@nightshift/shared/bus/bus'
import type { LogShipConfig } from '../../config/log-ship.ts'
import type { HostPaths } from '../../procfs/host-paths.ts'
import type { Destination, DestinationContext } from './destination.ts'

export interface DestinationsContext extends DestinationContext {
  readonly bus: Bus
  readonly host: HostPaths
}

/** Where the config sends the lines of a log. Loads only what is asked for. */
export async function openDestinations(config: LogShipConfig | undefined, context: DestinationsContext): Promise<Destination[]> {
  if (config === undefined) return []
  const { elasticsearch, loki, stream } = config
  const destinations: Destination[] = []
  if (stream) {
    const { StreamDestination } = await import('./stream.ts')
    destinations.push(new StreamDestination(context.bus, context))
  }
  if (elasticsearch === undefined && loki === undefined) return destinations
  const [{ PushClient }, { PushDestination }] = await Promise.all([import('./push-client.ts'), import('./push-destination.ts')])
  const limits = (push: { max_batch_bytes: number; give_up_after?: number | undefined }) => ({
    maxBatchBytes: push.max_batch_bytes,
    giveUpAfterMs: push.give_up_after,
  })
  if (elasticsearch !== undefined) {
    const { bulkUrl, elasticsearchDialect } = await import('./elasticsearch.ts')
    const client = new PushClient(bulkUrl(elasticsearch.url), elasticsearch, context.host)
    destinations.push(new PushDestination(elasticsearchDialect(elasticsearch, context), client, limits(elasticsearch), context))
  }
  if (loki !== undefined) {
    const { lokiDialect, pushUrl } = await import('./loki.ts')
    const client = new PushClient(pushUrl(loki.url), loki, context.host)
    destinations.push(new PushDestination(lokiDialect(loki, context), client, limits(loki), context))
  }
  return destinations
}
