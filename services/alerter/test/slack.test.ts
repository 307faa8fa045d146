import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serviceRoute } from '@nightshift/shared/service/probe-routes'
import { startHttp, type HttpServer } from '@nightshift/shared/service/http-server'
import type { ServiceHandle } from '@nightshift/shared/service/handle'
import { rpcSubject } from '@nightshift/shared/subjects'
import { SlackStandIn, slackAppToken, slackSigningSecret, slackToken } from '@nightshift/test-servers/slack'
import type { AlerterConfig } from '../src/config.ts'
import type { AlertList } from '../src/list-alerts.ts'
import { outboxBucket } from '../src/notify/outbox-record.ts'
import type { Silence } from '../src/silence/silence.ts'
import { AlerterBed, until } from './alerter-bed.ts'
import { startReceiver } from './receiver.ts'
import { silentLog } from './silent-log.ts'

let bed: AlerterBed
let slack: SlackStandIn
beforeEach(async () => {
  ;[bed, slack] = await Promise.all([AlerterBed.open(), SlackStandIn.start()])
})
afterEach(async () => {
  await bed.close()
  await slack.stop()
})

const kim = { id: 'U0KIM00001', username: 'kim' }
const stranger = { id: 'U0EVE00001', username: 'eve' }
/** Every step of a check is a message of its own incident. */
const route = { group_by: ['alert'], group_wait: '0s', group_interval: '0s' }
const team = (change: Record<string, unknown> = {}) => ({
  kind: 'slack',
  bot_token: slackToken,
  channel: '#alerts',
  api_url: slack.apiUrl,
  timeout: '3s',
  ...change,
})
const configOf = (change: Record<string, unknown> = {}) => ({ route, default_rules: ['check-failing'], channels: { team: team(change) } })
const ask = <T>(verb: string, request: unknown = {}) => bed.bus.request<T>(rpcSubject('alerter', verb), request)
const firing = async () => (await ask<AlertList>('list')).alerts
const delivered = () => bed.notifies.filter(({ outcome }) => outcome === 'delivered').length
const seen = () => ({ calls: slack.calls.map(({ method, outcome }) => `${method} ${outcome}`), notifies: bed.notifies })
const actionsOf = (index = 0) => slack.roots[index]?.attachments[0]?.blocks?.find(({ type }) => type === 'actions')?.elements ?? []

describe('an incident in Slack', () => {
  it('is one message from its beginning to its end, over a restart too', async () => {
    const first = await bed.startWorking(configOf())
    await bed.health('failing')
    await until(() => delivered() === 1, seen)
    await first.stop()
    await bed.startWorking(configOf())
    const [alert] = await firing()
    await ask('ack', { alert: alert?.fingerprint, actor: 'kim', comment: 'on it' })
    await until(() => delivered() === 2, seen)
    await bed.health('ok')
    await until(() => delivered() === 3, seen)
    expect(slack.roots).toHaveLength(1)
    expect(slack.roots[0]).toMatchObject({ edits: 2, text: '✅ Resolved: check-failing on web-1' })
    expect(slack.repliesTo(slack.roots[0]!).map(({ text }) => text.split('\n')[0])).toEqual([
      '👀 Acknowledged by kim',
      '✅ Resolved: check-failing on web-1',
    ])
    await bed.health('failing')
    await until(() => slack.roots.length === 2, seen)
    const outbox = await bed.bus.bucket('outbox', outboxBucket)
    const kept = async () => (await Array.fromAsync(outbox.entries())).filter(([key]) => key.startsWith('memory.')).length
    await until(async () => (await kept()) === 1)
  })

  it('arrives through a storm of refusals and silence', async () => {
    const faults = [{ status: 429, retryAfterSeconds: 1 }, { status: 500 }, { hangs: true }]
    slack.faults.push(...faults)
    await bed.startWorking(configOf())
    await bed.health('failing')
    await until(() => delivered() === 1, seen)
    expect(slack.roots).toHaveLength(1)
    expect(bed.notifies.at(-1)).toMatchObject({ outcome: 'delivered', attempt: 4, kind: 'slack' })
  }, 60_000)

  it('is told of by another channel when the token is wrong', async () => {
    const other = await startReceiver()
    try {
      const channels = { team: team({ bot_token: 'xoxb-wrong' }), other: { kind: 'webhook', url: other.url } }
      await bed.startWorking({ ...configOf(), channels })
      await bed.health('failing')
      const said = () => other.requests.map(({ body }) => (JSON.parse(body) as { alert: { rule: string; summary: string } }).alert)
      await until(() => said().some(({ rule }) => rule === 'notification-undeliverable'))
      const about = said().find(({ rule }) => rule === 'notification-undeliverable')
      expect(about?.summary).toMatch(/^the channel team cannot deliver: .*invalid_auth; the bot token is wrong/)
      expect(JSON.stringify(bed.received)).not.toContain('xoxb-wrong')
    } finally {
      await other.stop()
    }
  })

  it('becomes part of a summary when there are many at once', async () => {
    await bed.startWorking(configOf())
    for (let index = 0; index < 30; index++) await bed.health('failing', `check-${index}`)
    await until(() => delivered() === 30, seen)
    const summaries = slack.roots.filter(({ text }) => text.includes('Summary'))
    expect(summaries.length).toBeGreaterThan(0)
    expect(slack.roots.length).toBeLessThan(12)
    expect(slack.calls.filter(({ outcome }) => outcome === 'ratelimited').length).toBeLessThan(3)
  })
})

describe('buttons', () => {
  let http: HttpServer
  const buttons = { signing_secret: slackSigningSecret, users: [kim.id] }
  const post = async ({ body, headers }: { body: string; headers: Record<string, string> }) =>
    await fetch(`${http.url}/slack/actions`, { method: 'POST', body, headers })
  const start = async (config: unknown): Promise<ServiceHandle<AlerterConfig>> => {
    const handle = await bed.startWorking(config)
    http = await startHttp({ address: '127.0.0.1', port: 0, routes: [serviceRoute(handle)], log: silentLog })
    return handle
  }
  afterEach(async () => await http.close())

  it('take an incident on, by a signed request that is answered at once', async () => {
    await start(configOf({ buttons }))
    await bed.health('failing')
    await until(() => delivered() === 1, seen)
    const press = slack.pressOf(slack.roots[0]!, 'nightshift_ack', kim)
    const begunMs = performance.now()
    expect((await post(slack.signed(press))).status).toBe(200)
    expect(performance.now() - begunMs).toBeLessThan(1000)
    await until(() => delivered() === 2, seen)
    expect(bed.alerts.find(({ phase }) => phase === 'acked')?.reason).toBe('acknowledged by @kim (Slack U0KIM00001)')
    expect(actionsOf().map(({ action_id: id }) => id)).toEqual(['nightshift_silence'])
    await post(slack.signed(press))
    expect(bed.alerts.filter(({ phase }) => phase === 'acked')).toHaveLength(1)
  })

  it('silence the rule on the host for an hour, and say so in the thread', async () => {
    await start(configOf({ buttons }))
    await bed.health('failing')
    await until(() => delivered() === 1, seen)
    await post(slack.signed(slack.pressOf(slack.roots[0]!, 'nightshift_silence', kim)))
    await until(() => slack.repliesTo(slack.roots[0]!).length === 1, seen)
    const { silences } = await ask<{ silences: Silence[] }>('silences')
    expect(silences).toMatchObject([
      {
        creator: '@kim (Slack U0KIM00001)',
        matchers: [
          { name: 'rule', op: '=', value: 'check-failing' },
          { name: 'host', op: '=', value: 'web-1' },
        ],
      },
    ])
    expect(silences[0]!.end_ms - silences[0]!.start_ms).toBe(3_600_000)
    expect(slack.repliesTo(slack.roots[0]!)[0]?.text).toMatch(/^🔕 Silenced by <@U0KIM00001> until \d{4}-/)
  })

  it('do nothing for who may not, or when it is over, and say so to them alone', async () => {
    await start(configOf({ buttons }))
    await bed.health('failing')
    await until(() => delivered() === 1, seen)
    const root = slack.roots[0]!
    await post(slack.signed(slack.pressOf(root, 'nightshift_ack', stranger)))
    await until(() => slack.whispers.length === 1, seen)
    expect(slack.whispers[0]).toMatchObject({ user: stranger.id, text: expect.stringContaining('not among the users') as string })
    const late = slack.pressOf(root, 'nightshift_ack', kim)
    await bed.health('ok')
    await until(() => delivered() === 2, seen)
    await post(slack.signed(late))
    await until(() => slack.whispers.length === 2, seen)
    expect(slack.whispers[1]).toEqual({ user: kim.id, text: 'Nothing of this fires any more.' })
    expect(bed.alerts.filter(({ phase }) => phase === 'acked')).toHaveLength(0)
  })

  it('are refused when Slack did not sign, and signed just now', async () => {
    await start(configOf({ buttons }))
    const payload = { type: 'block_actions' }
    const seconds = Math.floor(Date.now() / 1000)
    const good = slack.signed(payload)
    const requests = [
      slack.signed(payload, seconds, 'another secret'),
      slack.signed(payload, seconds - 301),
      slack.signed(payload, seconds + 330),
      { ...good, body: `${good.body}x` },
      { ...good, headers: {} },
    ]
    for (const request of requests) expect((await post(request)).status).toBe(401)
    expect((await post(good)).status).toBe(200)
    expect((await post(slack.signed('{'))).status).toBe(200)
    expect((await fetch(`${http.url}/slack/actions`)).status).toBe(405)
    expect((await post({ ...good, body: 'x'.repeat(300_000) })).status).toBe(413)
  })

  it('are not there without a secret', async () => {
    await start(configOf())
    expect((await post(slack.signed({}))).status).toBe(404)
  })

  it('work by Socket Mode too, without an address of ours, over a change of machines at Slack', async () => {
    await start(configOf({ buttons: { token: slackAppToken, users: ['*'] } }))
    await bed.health('failing')
    await until(() => delivered() === 1 && slack.listeners === 1, seen)
    const connectionsOf = () => slack.calls.filter(({ method }) => method === 'apps.connections.open').length
    slack.recycle()
    await until(() => connectionsOf() === 2 && slack.listeners === 1, seen)
    const envelope = slack.pressBySocket(slack.pressOf(slack.roots[0]!, 'nightshift_ack', kim))
    await until(() => slack.envelopesAcked.has(envelope), seen)
    await until(() => delivered() === 2, seen)
    expect(slack.repliesTo(slack.roots[0]!)[0]?.text).toBe('👀 Acknowledged by @kim (Slack U0KIM00001)')
  })

  it('cost nothing but a warning when the app token is wrong', async () => {
    const handle = await start(configOf({ buttons: { token: 'xapp-wrong-token', users: ['*'] } }))
    await bed.health('failing')
    await until(() => delivered() === 1 && slack.calls.some(({ outcome }) => outcome === 'invalid_auth'), seen)
    expect(handle.state).toBe('ready')
  })
})
