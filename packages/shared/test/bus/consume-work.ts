import { jetstreamManager, type ConsumerInfo } from '@nats-io/jetstream'
import type { Bus, ConsumeOptions, RawMessage } from '@nightshift/shared/bus/bus'
import type { NatsServer } from '@nightshift/test-servers/nats'
import { client, event } from './fixture.ts'

export const subject = 'ops.health.web-1.http'
export const body = (message: RawMessage): { n: number } => JSON.parse(new TextDecoder().decode(message.data))
export const ascending = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

export async function publish(bus: Bus, count: number, from = 0): Promise<void> {
  for (let n = from; n < from + count; n++) await bus.publishEvent(subject, event({ n }))
}

export function work(handle: ConsumeOptions['handle'], options: Partial<ConsumeOptions> = {}): ConsumeOptions {
  return {
    stream: 'EVENTS',
    durable: 'healer-web-1',
    filter: 'ops.health.web-1.>',
    ackWaitMs: 1000,
    retryDelaysMs: [50],
    handle,
    ...options,
  }
}

export async function consumerInfo(server: NatsServer, stream = 'EVENTS', durable = 'healer-web-1'): Promise<ConsumerInfo> {
  return await (await jetstreamManager(await client(server))).consumers.info(stream, durable)
}
