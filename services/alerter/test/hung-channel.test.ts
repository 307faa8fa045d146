import { afterEach, beforeEach, expect, it } from 'vitest'
import { SlackStandIn, slackToken } from '@nightshift/test-servers/slack'
import { startSmtp, type TestSmtp } from '@nightshift/test-servers/smtp'
import { AlerterBed, until } from './alerter-bed.ts'
import { startReceiver, type Answer, type Receiver } from './receiver.ts'

let bed: AlerterBed
let sound: Receiver
let sick: Receiver
let slack: SlackStandIn
let smtp: TestSmtp
beforeEach(async () => {
  ;[bed, sound, sick, slack, smtp] = await Promise.all([
    AlerterBed.open(),
    startReceiver(),
    startReceiver(),
    SlackStandIn.start(),
    startSmtp(),
  ])
})
afterEach(async () => {
  await bed.close()
  await Promise.all([sound.stop(), sick.stop(), slack.stop(), smtp.stop()])
})

const alerts = 40
const timeout = '60s'

it.each<[string, Answer]>([
  ['that hangs', { status: 200, hang: true }],
  ['that asks to be left alone for ten minutes', { status: 429, headers: { 'retry-after': '600' } }],
])('a webhook %s, with Slack and a mail server that hang, holds up nobody else', async (_, answer) => {
  sick.answers.push(...Array.from({ length: 1000 }, () => answer))
  slack.faults.push(...Array.from({ length: 1000 }, () => ({ hangs: true })))
  smtp.troubles.push({ at: 'connect', answer: 'hang', times: 1000 })
  const alerter = await bed.startWorking({
    channels: {
      sick: { kind: 'webhook', url: sick.url, timeout },
      team: { kind: 'slack', bot_token: slackToken, channel: '#alerts', api_url: slack.apiUrl, timeout },
      mail: { kind: 'email', url: `smtp://127.0.0.1:${smtp.port}`, tls: 'never', from: 'a@example.com', to: ['b@example.com'], timeout },
      sound: { kind: 'webhook', url: sound.url },
    },
    route: { group_by: ['alert'] },
  })
  await bed.health('failing', 'first')
  await until(() => sick.requests.length > 0 && slack.calls.length > 0 && smtp.connections > 0)
  const latenciesMs: number[] = []
  for (let index = 0; index < alerts; index++) {
    const before = sound.requests.length
    const publishedMs = performance.now()
    await bed.health('failing', `check-${index}`)
    await until(() => sound.requests.length > before)
    latenciesMs.push((sound.requests.at(-1)?.atMs ?? 0) - publishedMs)
  }
  expect(sound.keys.size).toBe(alerts + 1)
  expect(sick.requests.length).toBeLessThanOrEqual(4)
  expect(smtp.mails).toEqual([])
  expect(slack.messages).toEqual([])
  // Of a busy machine the median says more than the worst.
  expect(latenciesMs.toSorted((a, b) => a - b)[alerts / 2]).toBeLessThan(250)
  const stoppedMs = performance.now()
  await alerter.stop()
  expect(performance.now() - stoppedMs).toBeLessThan(5000)
})
