import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '@nightshift/shared/clock'
import type { Channel } from '../../src/channels/channel.ts'
import { pagerdutyChannel } from '../../src/channels/pagerduty.ts'
import type { Occasion } from '../../src/group/group.ts'
import type { Notification } from '../../src/notify/notification.ts'
import { exampleNotification } from '../example-notification.ts'
import { startReceiver, type Receiver } from '../receiver.ts'
import { silentLog } from '../silent-log.ts'

const apiKey = 'R0123456789abcdef0123456789abcde'
const never = new AbortController().signal
let receiver: Receiver
let channel: Channel
beforeEach(async () => {
  receiver = await startReceiver()
  const config = pagerdutyChannel.schema.parse({ kind: 'pagerduty', api_key: apiKey, url: receiver.url, timeout: '300ms' })
  channel = pagerdutyChannel.open(config, { log: silentLog, clock: systemClock, version: '1.2.3', locale: 'en', timezone: 'UTC' })
})
afterEach(async () => {
  channel.close()
  await receiver.stop()
})

interface Body {
  routing_key: string
  event_action: string
  dedup_key: string
  payload?: { summary: string; severity: string; source: string }
  links?: { href: string }[]
}
const body = (): Body => JSON.parse(receiver.last().body) as Body
const at = (occasion: Occasion, base = exampleNotification()): Notification => ({ ...base, message: { ...base.message, occasion } })

describe('a pagerduty channel', () => {
  it('triggers an incident under the id of ours', async () => {
    await channel.send(exampleNotification({ severity: 'critical', runbook: 'https://wiki.example.com/cpu' }), 1, never)
    expect(receiver.last()).toMatchObject({ method: 'POST', headers: { 'content-type': 'application/json' } })
    expect(body()).toEqual({
      routing_key: apiKey,
      event_action: 'trigger',
      dedup_key: '01JD0000000000000000000004',
      client: 'Nightshift',
      payload: {
        summary: 'Critical: cpu.usage_ratio on web-1 is 93%, above 85% for 5m',
        source: 'web-1',
        severity: 'critical',
        timestamp: '2026-11-21T02:59:05.678Z',
        component: 'cpu-high',
        group: 'root',
        class: 'cpu-high',
        custom_details: {
          alerts: ['🔴 cpu.usage_ratio on web-1 is 93%, above 85% for 5m · since 2026-11-21 02:59'],
          firing: 1,
          resolved: 0,
          incident: '01JD0000000000000000000004',
          figures: null,
          fingerprints: ['9f86d081884c7d65'],
          contacts: null,
          level: null,
          runbook: 'https://wiki.example.com/cpu',
        },
      },
      links: [{ href: 'https://wiki.example.com/cpu', text: 'Runbook' }],
    })
  })

  it.each([
    [at('repeated'), 'trigger'],
    [at('escalated'), 'trigger'],
    [at('acked'), 'acknowledge'],
    [exampleNotification({ phase: 'resolved' }), 'resolve'],
  ])('knows the same incident again, case %#: %s', async (notification, action) => {
    await channel.send(notification, 1, never)
    expect(body()).toMatchObject({ event_action: action, dedup_key: '01JD0000000000000000000004' })
  })

  it('keeps within what the other side takes', async () => {
    await channel.send(exampleNotification({ summary: 'x'.repeat(5000), host: null, runbook: 'docs/runbooks/x.md' }), 1, never)
    expect(body().payload?.summary).toHaveLength(1024)
    expect(body().payload?.source).toBe('fleet')
    expect(body().links).toEqual([])
  })

  it.each([
    [400, false],
    [403, false],
    [429, true],
    [500, true],
    [503, true],
  ])('takes %d for passing: %s', async (status, transient) => {
    receiver.answers.push({ status, headers: { 'retry-after': '3' } })
    await expect(channel.send(exampleNotification(), 1, never)).rejects.toMatchObject({
      code: `http_${status}`,
      transient,
      retryAfterMs: transient ? 3000 : undefined,
    })
  })

  it('gives up on an answer that does not come, and never says its key', async () => {
    receiver.answers.push({ status: 200, hang: true }, { status: 400 })
    await expect(channel.send(exampleNotification(), 1, never)).rejects.toMatchObject({ code: 'timeout', transient: true })
    await expect(channel.send(exampleNotification(), 2, never)).rejects.not.toThrow(apiKey)
  })
})
