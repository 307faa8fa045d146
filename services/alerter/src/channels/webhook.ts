import { z } from 'zod'
import { isoTime } from '@nightshift/shared/clock'
import { duration } from '@nightshift/shared/config/scalars'
import { HttpPoster } from './http-poster.ts'
import { signatureOf } from './signature.ts'
import type { Notification } from '../notify/notification.ts'
import type { ChannelKind } from './channel.ts'

const schema = z
  .strictObject({
    kind: z.literal('webhook'),
    url: z
      .string()
      .max(4096)
      .refine(isHttpUrl, 'is not the address of a web server; write a URL that starts with https:// or http://')
      .describe('Where to POST to, or url_file'),
    hmac_secret: z.string().min(8).max(1024).optional().describe('Signs every body with HMAC-SHA256, or hmac_secret_file'),
    timeout: duration({ min: 100, max: 120_000 }).prefault('10s').describe('For one attempt as a whole'),
  })
  .describe('A POST of JSON to any URL')

/** A POST of JSON, signed, with an idempotency key. The body is the same at each attempt; docs/webhook.md describes it. */
export const webhookChannel: ChannelKind<typeof schema> = {
  schema,
  open: (config, { clock, version }) => {
    const { url, hmac_secret: secret, timeout: timeoutMs } = config
    const poster = new HttpPoster({ url: new URL(url), timeoutMs, clock })
    return {
      kind: 'webhook',
      send: async (notification, attempt, signal) => {
        const body = bodyOf(notification)
        const seconds = Math.floor(clock.now() / 1000)
        const headers = {
          'content-type': 'application/json',
          'user-agent': `nightshift/${version}`,
          'idempotency-key': notification.id,
          'nightshift-attempt': String(attempt),
          ...(secret === undefined ? {} : { 'nightshift-signature': signatureOf(secret, seconds, body) }),
        }
        await poster.post(body, headers, signal)
      },
      close: () => poster.close(),
    }
  },
}

function bodyOf(notification: Notification): Buffer {
  const { id, channel, event, route, message } = notification
  const { incident, seq, occasion, opened_ms: openedMs, firing, resolved, alerts, figures } = message
  const group = { incident, seq, occasion, opened_time: isoTime(openedMs), route, firing, resolved, figures }
  return Buffer.from(JSON.stringify({ version: 1, notification: id, channel, alert: event, group, alerts }))
}

function isHttpUrl(text: string): boolean {
  const protocol = URL.parse(text)?.protocol
  return protocol === 'http:' || protocol === 'https:'
}
