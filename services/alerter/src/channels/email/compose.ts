import MailComposer from 'nodemailer/lib/mail-composer'
import type { Notification } from '../../notify/notification.ts'
import type { Texts } from '../../texts/texts.ts'
import { htmlMail } from './html.ts'
import { plainMail } from './plain.ts'

/** What a mail is made of. */
export interface MailParts {
  readonly notification: Notification
  readonly texts: Texts
  /** As in the configuration, with or without a name. */
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly nowMs: number
}

/**
 * A mail, complete. The mails of an incident hang together: all answer one message that never was, and their subject stays the same, which
 * is what mail programs go by. A copy that is sent again has the same id.
 */
export async function composeMail({ notification, texts, from, to, subject, nowMs }: MailParts): Promise<Buffer> {
  const { id, message } = notification
  const domain = domainOf(from)
  const root = `<incident-${message.incident.toLowerCase()}@${domain}>`
  const isUrgent = message.firing > 0 && message.worst === 'critical' && message.occasion !== 'acked'
  const composer = new MailComposer({
    from,
    to: [...to],
    subject,
    date: new Date(nowMs),
    messageId: `<${id.toLowerCase()}@${domain}>`,
    inReplyTo: root,
    references: [root],
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'List-Id': `Nightshift <nightshift.${domain}>`,
      'X-Nightshift-Incident': message.incident,
      'X-Nightshift-State': message.firing === 0 ? 'resolved' : message.occasion,
      'X-Nightshift-Severity': message.worst,
      ...(isUrgent ? { 'X-Priority': '1 (Highest)', Importance: 'High' } : {}),
    },
    text: plainMail(notification, texts, nowMs),
    html: htmlMail(notification, texts, nowMs),
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return composer.compile().build()
}

/** What does not change while an incident lasts: the oldest alert that is still told of. */
export function subjectOf({ message: { alerts, occasion }, event }: Notification, texts: Texts): string {
  if (occasion === 'summary') return `[Nightshift] ${texts.occasionWord('summary')}`
  const [oldest = event] = alerts.toSorted((a, b) => (a.started_time < b.started_time ? -1 : a.started_time > b.started_time ? 1 : 0))
  return `[Nightshift] ${texts.ruleOn(oldest)}`
}

/** `kim@example.com` of `Kim <kim@example.com>`. */
export function addressOf(mailbox: string): string {
  return /<([^<>]+)>$/.exec(mailbox)?.[1] ?? mailbox
}

function domainOf(mailbox: string): string {
  const address = addressOf(mailbox)
  return address.slice(address.lastIndexOf('@') + 1)
}
