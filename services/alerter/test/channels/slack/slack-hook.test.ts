import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SlackStandIn, type SlackFault } from '@nightshift/test-servers/slack'
import type { Channel } from '../../../src/channels/channel.ts'
import { alerterConfigSchema } from '../../../src/config.ts'
import { messageOf, openSlack } from './slack-bed.ts'

let slack: SlackStandIn
let channel: Channel
beforeEach(async () => {
  slack = await SlackStandIn.start()
  channel = open('20s')
})
afterEach(async () => {
  channel.close()
  await slack.stop()
  vi.unstubAllEnvs()
})

const open = (timeout: string): Channel =>
  openSlack(slack, { bot_token: undefined, channel: undefined, webhook_url: slack.hookUrl, timeout }, 'ko')
const signal = new AbortController().signal

describe('an incoming webhook of Slack', () => {
  it('gets what the bot would say, without anything that needs a bot', async () => {
    await channel.send(
      messageOf(1, {}, { summary: 'web on web-1 is failing: <404> & more', value: null, labels: { check: 'web' } }),
      1,
      signal,
    )
    expect(slack.hookBodies).toEqual([
      {
        text: '⚠️ 경고: web-1 cpu-high',
        attachments: [
          {
            color: 'warning',
            fallback: '경고: web-1 web 점검 실패: &lt;404&gt; &amp; more',
            text: '🟡 web-1 web 점검 실패: &lt;404&gt; &amp; more · 2026-11-21 11:59부터',
          },
        ],
      },
    ])
  })

  it.each<[SlackFault, object]>([
    [
      { status: 404, error: 'no_service' },
      { code: 'http_404', transient: false },
    ],
    [
      { status: 403, error: 'invalid_token' },
      { code: 'http_403', transient: false },
    ],
    [
      { status: 429, retryAfterSeconds: 3 },
      { code: 'http_429', transient: true, retryAfterMs: 3000 },
    ],
    [{ status: 500 }, { code: 'http_500', transient: true }],
    [{ hangs: true }, { code: 'timeout', transient: true }],
  ])('knows what passes and what does not: %j', async (fault, wanted) => {
    if (fault.hangs === true) channel = open('300ms')
    slack.faults.push(fault)
    const error = await channel.send(messageOf(1), 1, signal).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject(wanted)
    expect(String(error)).not.toContain('/services/')
  })
})

describe('SLACK_WEBHOOK_URL in the environment', () => {
  const channelsOf = (config: unknown) => alerterConfigSchema.parse(config).channels
  const url = 'https://hooks.slack.example.com/services/T000/B000/XXXX'
  const hook = { kind: 'webhook', url: 'https://example.com/hook' }

  it('is enough to switch Slack on, beside what is configured', () => {
    vi.stubEnv('SLACK_WEBHOOK_URL', url)
    expect(channelsOf({})).toMatchObject({ log: { kind: 'log' }, slack: { kind: 'slack', webhook_url: url } })
    expect(Object.keys(channelsOf({ channels: { hook } }))).toEqual(['hook', 'slack'])
  })

  it('stands back behind a Slack of the configuration, and a channel of its name', () => {
    vi.stubEnv('SLACK_WEBHOOK_URL', url)
    expect(Object.keys(channelsOf({ channels: { team: { kind: 'slack', webhook_url: 'https://example.com/x' } } }))).toEqual(['team'])
    expect(channelsOf({ channels: { slack: hook } })).toMatchObject({ slack: { kind: 'webhook' } })
  })

  it('changes nothing when it is empty, and is refused without being said when it is no address', () => {
    vi.stubEnv('SLACK_WEBHOOK_URL', ' ')
    expect(Object.keys(channelsOf({}))).toEqual(['log'])
    vi.stubEnv('SLACK_WEBHOOK_URL', 'hunter2')
    const { error } = alerterConfigSchema.safeParse({})
    expect(error?.issues[0]).toMatchObject({ path: ['channels'], message: expect.stringMatching(/SLACK_WEBHOOK_URL/) as string })
    expect(JSON.stringify(error)).not.toContain('hunter2')
  })
})

describe('the configuration of Slack', () => {
  const token = 'xoxb-1-2-3'
  it.each([
    [{}, /needs either bot_token or webhook_url/],
    [{ bot_token: token, channel: '#a', webhook_url: 'https://example.com' }, /needs either bot_token or webhook_url/],
    [{ bot_token: token }, /needs a channel/],
    [{ bot_token: 'secret', channel: '#a' }, /begins with xoxb-/],
    [{ webhook_url: 'https://example.com', buttons: { signing_secret: '12345678', users: ['*'] } }, /need a bot_token/],
    [{ bot_token: token, channel: '#a', buttons: { users: ['*'] } }, /token \(Socket Mode\) or signing_secret/],
    [{ bot_token: token, channel: '#a', buttons: { signing_secret: '12345678', users: ['kim'] } }, /id of a Slack user/],
  ])('is refused when it makes no sense: %j', (change, message) => {
    const { error } = alerterConfigSchema.safeParse({ channels: { team: { kind: 'slack', ...change } } })
    expect(error?.issues.map((issue) => issue.message).join()).toMatch(message)
  })
})
