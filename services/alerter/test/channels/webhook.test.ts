import { createHmac, timingSafeEqual } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '@nightshift/shared/clock'
import { ChannelError, type Channel } from '../../src/channels/channel.ts'
import { webhookChannel } from '../../src/channels/webhook.ts'
import { silentLog } from '../silent-log.ts'
import { exampleNotification } from '../example-notification.ts'
import { startReceiver, type Receiver } from '../receiver.ts'

let receiver: Receiver
let channel: Channel | undefined
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(async () => {
  channel?.close()
  await receiver.stop()
})

function open(change: { url?: string; hmac_secret?: string; timeout?: number } = {}): Channel {
  channel = webhookChannel.open(
    { kind: 'webhook', url: receiver.url, timeout: 2000, ...change },
    { log: silentLog, clock: systemClock, version: '1.2.3', locale: 'en', timezone: 'UTC' },
  )
  return channel
}

const never = new AbortController().signal

async function failure(sending: Promise<unknown>): Promise<ChannelError> {
  const error: unknown = await sending.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof ChannelError)) throw new Error(`expected a ChannelError, got ${String(error)}`)
  return error
}

describe('a webhook', () => {
  it('posts the alert as JSON with its idempotency key', async () => {
    const notification = exampleNotification()
    await open().send(notification, 3, never)
    expect(receiver.requests).toHaveLength(1)
    expect(receiver.requests[0]).toMatchObject({
      method: 'POST',
      path: '/hook',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'nightshift/1.2.3',
        'idempotency-key': notification.id,
        'nightshift-attempt': '3',
      },
    })
    expect(JSON.parse(receiver.requests[0]?.body ?? '')).toEqual({
      version: 1,
      notification: notification.id,
      channel: 'hook',
      alert: notification.event,
      group: {
        incident: notification.event.epoch,
        seq: 1,
        occasion: 'new',
        opened_time: '2026-11-21T02:59:05.678Z',
        route: 'root',
        firing: 1,
        resolved: 0,
        figures: null,
      },
      alerts: [notification.event],
    })
    expect(receiver.requests[0]?.headers['nightshift-signature']).toBeUndefined()
  })

  it('signs time and body, so that nobody else can send one, nor send an old one again', async () => {
    const secret = 'a-shared-secret'
    await open({ hmac_secret: secret }).send(exampleNotification(), 1, never)
    const { headers, body } = receiver.last()
    const [, seconds = '', signature = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['nightshift-signature'])) ?? []
    const expected = createHmac('sha256', secret).update(`${seconds}.${body}`).digest()
    expect(timingSafeEqual(Buffer.from(signature, 'hex'), expected)).toBe(true)
    expect(Math.abs(Date.now() / 1000 - Number(seconds))).toBeLessThan(10)
  })

  it.each([
    [400, false],
    [401, false],
    [403, false],
    [404, false],
    [410, false],
    [422, false],
    [301, false],
    [307, false],
    [408, true],
    [425, true],
    [429, true],
    [500, true],
    [502, true],
    [503, true],
  ])('takes %d for passing: %s', async (status, transient) => {
    receiver.answers.push({ status, body: 'try\r\n  something   else' })
    const error = await failure(open().send(exampleNotification(), 1, never))
    expect(error).toMatchObject({ code: `http_${status}`, transient })
    expect(error.message).toContain(`answered ${status}: try something else`)
  })

  it('hears how long it is to wait', async () => {
    receiver.answers.push({ status: 429, headers: { 'retry-after': '7' } })
    expect((await failure(open().send(exampleNotification(), 1, never))).retryAfterMs).toBe(7000)
    receiver.answers.push({ status: 503, headers: { 'retry-after': new Date(Date.now() + 60_000).toUTCString() } })
    expect((await failure(open().send(exampleNotification(), 1, never))).retryAfterMs).toBeGreaterThan(55_000)
  })

  it('does not follow a redirect', async () => {
    receiver.answers.push({ status: 302, headers: { location: `${receiver.url}/elsewhere` } })
    expect((await failure(open().send(exampleNotification(), 1, never))).message).toContain('configure the address it ends at')
    expect(receiver.requests).toHaveLength(1)
  })

  it('gives up on an answer that does not come', async () => {
    receiver.answers.push({ status: 200, hang: true })
    expect(await failure(open({ timeout: 150 }).send(exampleNotification(), 1, never))).toMatchObject({ code: 'timeout', transient: true })
  })

  it('takes a 200 for delivered although its body never ends', async () => {
    receiver.answers.push({ status: 200, endlessBody: true })
    await expect(open({ timeout: 1000 }).send(exampleNotification(), 1, never)).resolves.toBeUndefined()
  })

  it('reads no more of an error than it shows', async () => {
    receiver.answers.push({ status: 500, endlessBody: true })
    const error = await failure(open().send(exampleNotification(), 1, never))
    expect(error.code).toBe('http_500')
    expect(error.message.length).toBeLessThan(400)
  })

  it('can be cut off while it waits', async () => {
    receiver.answers.push({ status: 200, hang: true })
    const cut = new AbortController()
    setTimeout(() => cut.abort(), 50)
    expect((await failure(open().send(exampleNotification(), 1, cut.signal))).transient).toBe(true)
  })

  it('will try again when nobody listens, and never shows the path, which may be a secret', async () => {
    await receiver.stop()
    const error = await failure(open({ url: `${receiver.url}/T0P-S3CRET` }).send(exampleNotification(), 1, never))
    expect(error).toMatchObject({ code: 'unreachable', transient: true })
    expect(error.message).not.toContain('S3CRET')
  })
})
