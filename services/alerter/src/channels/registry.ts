import { z } from 'zod'
import type { Channel, ChannelContext } from './channel.ts'
import { logChannel } from './log.ts'
import { webhookChannel } from './webhook.ts'

/** Every kind of channel. To add one: its file in this folder, and its line in each of these two lists. */
const kinds = { log: logChannel, webhook: webhookChannel } as const
export const channelConfigSchema = z.discriminatedUnion('kind', [logChannel.schema, webhookChannel.schema])

export type ChannelConfig = z.infer<typeof channelConfigSchema>

/** Opens a channel of the configuration. */
export function openChannel(config: ChannelConfig, context: ChannelContext): Channel {
  switch (config.kind) {
    case 'log':
      return kinds.log.open(config, context)
    case 'webhook':
      return kinds.webhook.open(config, context)
  }
}
