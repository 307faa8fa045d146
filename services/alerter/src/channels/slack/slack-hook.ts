import type { Notification } from '../../notify/notification.ts'
import type { Texts } from '../../texts/texts.ts'
import type { Channel } from '../channel.ts'
import type { HttpPoster } from '../http-poster.ts'
import { cutLines, mrkdwn } from './mrkdwn.ts'
import { colorOf, leadOf } from './slack-message.ts'

/** An incoming webhook takes one message a second. */
const rate = { burst: 3, perMs: 3000, patience: 4 }
const maxText = 2900
const maxField = 500

/** An incoming webhook: a message each time, which cannot be edited. In the older form of attachments, which Mattermost and others take too. */
export function slackHook(poster: HttpPoster, texts: Texts): Channel {
  return {
    kind: 'slack',
    rate,
    send: async (notification, _attempt, signal) => {
      const body = Buffer.from(JSON.stringify(hookMessageOf(notification, texts)))
      await poster.post(body, { 'content-type': 'application/json; charset=utf-8' }, signal)
    },
    close: () => poster.close(),
  }
}

/** Title, fields and colour are those that the users' scripts send. Pure. */
export function hookMessageOf(notification: Notification, texts: Texts) {
  const color = colorOf(notification)
  const metric = texts.metricAlert(notification)
  const text = leadOf(notification, texts)
  if (metric !== null) {
    const fields = metric.fields.map(([title, value]) => ({ title, value, short: true }))
    return { text, attachments: [{ color, fallback: metric.title, title: metric.title, fields, footer: notification.event.host ?? '' }] }
  }
  const called = texts.contactsLine(notification)
  const lines = [...(called === null ? [] : [called]), ...texts.lines(notification)].map((line) => mrkdwn(line, maxField))
  return { text, attachments: [{ color, fallback: mrkdwn(texts.oneLine(notification), maxField), text: cutLines(lines, maxText) }] }
}
