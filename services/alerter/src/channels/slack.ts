import { z } from 'zod'
import { duration } from '@nightshift/shared/config/scalars'
import { textsOf } from '../texts/texts.ts'
import type { ChannelKind } from './channel.ts'
import { HttpPoster } from './http-poster.ts'
import { slackBot } from './slack/slack-bot.ts'
import { SlackClient } from './slack/slack-client.ts'
import { slackHook } from './slack/slack-hook.ts'
import { slackWordsOf } from './slack/slack-words.ts'

const httpUrl = z
  .string()
  .max(4096)
  .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'is not an address; write a URL that starts with https://')

const buttonsSchema = z
  .strictObject({
    token: z.string().min(8).max(512).optional().describe('App token (xapp-…) for Socket Mode, or token_file: no public address is needed'),
    signing_secret: z.string().min(8).max(512).optional().describe('Takes POST /slack/actions, signed by Slack, or signing_secret_file'),
    users: z
      .array(z.string().regex(/^(\*|[UW][A-Z0-9]{5,20})$/, 'is not the id of a Slack user; it begins with U and stands in the profile'))
      .min(1)
      .max(1000)
      .describe('Who may press: ids of Slack users; "*" is everybody who sees the message'),
  })
  .refine(
    ({ token, signing_secret: secret }) => token !== undefined || secret !== undefined,
    'needs a way for Slack to reach us: token (Socket Mode) or signing_secret',
  )
  .describe('Ack and Silence below each message')

const schema = z
  .strictObject({
    kind: z.literal('slack'),
    bot_token: z
      .string()
      .regex(/^xox[a-z]-/, 'is not a token of Slack; that of a bot begins with xoxb-')
      .max(512)
      .optional()
      .describe('One message per incident, edited in place; or bot_token_file'),
    channel: z.string().min(2).max(80).optional().describe('Where the bot writes: the id of a channel (C…), or #name'),
    webhook_url: httpUrl.optional().describe('Incoming webhook: a new message each time; or webhook_url_file'),
    buttons: buttonsSchema.optional(),
    runbooks: httpUrl.optional().describe('Put before runbooks that are paths, so that the button leads there'),
    api_url: httpUrl.default('https://slack.com/api/').describe('Another address of the Web API'),
    timeout: duration({ min: 100, max: 120_000 }).prefault('10s').describe('For one call'),
  })
  .refine(
    ({ bot_token: token, webhook_url: url }) => (token === undefined) !== (url === undefined),
    'needs either bot_token or webhook_url',
  )
  .refine(({ bot_token: token, channel }) => token === undefined || channel !== undefined, 'needs a channel to write to')
  .refine(({ bot_token: token, buttons }) => buttons === undefined || token !== undefined, 'has buttons, which need a bot_token')
  .describe('Slack: a bot that edits its messages, or an incoming webhook')

export type SlackConfig = z.infer<typeof schema>

/** Slack, by a bot or by an incoming webhook. */
export const slackChannel: ChannelKind<typeof schema> = {
  schema,
  open: (config, { clock, locale, timezone }) => {
    const { bot_token: token, channel, webhook_url: webhookUrl, api_url: apiUrl, timeout: timeoutMs, buttons, runbooks = null } = config
    const texts = textsOf(locale, timezone)
    if (token === undefined || channel === undefined)
      return slackHook(new HttpPoster({ url: new URL(webhookUrl ?? ''), timeoutMs, clock }), texts)
    const look = { texts, words: slackWordsOf(locale), hasButtons: buttons !== undefined, runbooks }
    return slackBot({ client: new SlackClient({ token, apiUrl, timeoutMs }), channel, look })
  },
}
