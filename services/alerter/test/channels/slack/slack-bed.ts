import { systemClock } from '@nightshift/shared/clock'
import type { SlackStandIn } from '@nightshift/test-servers/slack'
import { slackToken } from '@nightshift/test-servers/slack'
import type { Channel } from '../../../src/channels/channel.ts'
import { slackChannel } from '../../../src/channels/slack.ts'
import type { Message } from '../../../src/group/group.ts'
import { notificationId, type Notification } from '../../../src/notify/notification.ts'
import { exampleNotification } from '../../example-notification.ts'
import { silentLog } from '../../silent-log.ts'

/** A channel of kind slack against the stand-in. */
export function openSlack(slack: SlackStandIn, change: Record<string, unknown> = {}, locale: 'en' | 'ko' = 'en'): Channel {
  const bot = { kind: 'slack', bot_token: slackToken, channel: '#alerts', api_url: slack.apiUrl, timeout: '20s' }
  const context = { log: silentLog, clock: systemClock, version: '0.0.0', locale, timezone: 'Asia/Seoul' }
  return slackChannel.open(slackChannel.schema.parse({ ...bot, ...change }), context)
}

/** The n-th message of an incident. */
export function messageOf(seq: number, change: Partial<Message> = {}, event: Parameters<typeof exampleNotification>[0] = {}): Notification {
  const base = exampleNotification(event, 'team')
  const message = { ...base.message, seq, occasion: seq === 1 ? ('new' as const) : ('changed' as const), ...change }
  return { ...base, message, id: notificationId(message) }
}

export const resolved = (seq: number): Notification =>
  messageOf(
    seq,
    { occasion: 'resolved', firing: 0, resolved: 1 },
    { phase: 'resolved', reason: 'recovered', summary: 'cpu.usage_ratio on web-1 is 20%' },
  )
