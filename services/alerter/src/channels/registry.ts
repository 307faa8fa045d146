import { z } from 'zod'
import type { Channel, ChannelContext } from './channel.ts'
import { emailChannel } from './email.ts'
import { logChannel } from './log.ts'
import { pagerdutyChannel } from './pagerduty.ts'
import { slackChannel } from './slack.ts'
import { smsChannel } from './sms.ts'
import { webhookChannel } from './webhook.ts'

/** Every kind of channel. To add one: its file in this folder, and its line in each of these two lists. */
const kinds = {
  email: emailChannel,
  log: logChannel,
  pagerduty: pagerdutyChannel,
  slack: slackChannel,
  sms: smsChannel,
  webhook: webhookChannel,
} as const
export const channelConfigSchema = z.discriminatedUnion('kind', [
  emailChannel.schema,
  logChannel.schema,
  pagerdutyChannel.schema,
  slackChannel.schema,
  smsChannel.schema,
  webhookChannel.schema,
])

export type ChannelConfig = z.infer<typeof channelConfigSchema>

/** Opens a channel of the configuration. */
export function openChannel(config: ChannelConfig, context: ChannelContext): Channel {
  switch (config.kind) {
    case 'email':
      return kinds.email.open(config, context)
    case 'log':
      return kinds.log.open(config, context)
    case 'pagerduty':
      return kinds.pagerduty.open(config, context)
    case 'slack':
      return kinds.slack.open(config, context)
    case 'sms':
      return kinds.sms.open(config, context)
    case 'webhook':
      return kinds.webhook.open(config, context)
  }
}
