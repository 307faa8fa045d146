import { z } from 'zod'
import { duration } from '@nightshift/shared/config/scalars'
import { textsOf } from '../texts/texts.ts'
import { ChannelError, type ChannelKind } from './channel.ts'
import type { MailServer } from './email/smtp.ts'
import { oneLine } from './email/smtp-failure.ts'
import { Recipients } from './recipients.ts'

const mailboxPattern = /^(?:[^\s<>@,;"]+@[^\s<>@,;"]+|[^<>@,;"\r\n]+ <[^\s<>@,;"]+@[^\s<>@,;"]+>)$/
const mailbox = () =>
  z
    .string()
    .max(254)
    .regex(mailboxPattern, 'is not a mail address; write kim@example.com or Kim <kim@example.com>')
    .meta({ examples: ['ops@example.com', 'Kim <kim@example.com>'] })

const schema = z
  .strictObject({
    kind: z.literal('email'),
    url: z
      .string()
      .max(2048)
      .refine(isMailUrl, 'is not the address of a mail server; write smtp://mail.example.com:587, or smtps:// for TLS from the first byte')
      .describe('The mail server, or url_file; smtp:// has port 587 and smtps:// port 465 unless it says otherwise'),
    user: z.string().min(1).max(256).optional().describe('Log in as'),
    password: z.string().min(1).max(1024).optional().describe('With user, or password_file'),
    tls: z
      .enum(['required', 'optional', 'never'])
      .default('required')
      .describe('STARTTLS of smtp://. optional takes what the server offers; never is for a server on this host'),
    ca_file: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .describe('Certificates of the authorities to trust, PEM; the default is those of the system'),
    from: mailbox().describe('Sender; ids of mails stand under its domain'),
    to: z.array(mailbox()).min(1).max(50).describe('Everybody gets every mail; contacts that an escalation calls come on top'),
    timeout: duration({ min: 100, max: 300_000 }).prefault('30s').describe('For one attempt as a whole'),
  })
  .superRefine(({ user, password }, context) => {
    if ((user === undefined) === (password === undefined)) return
    const [given, missing] = user === undefined ? ['password', 'user'] : ['user', 'password']
    context.addIssue({ code: 'custom', path: [given], message: `needs ${missing} beside it` })
  })
  .describe('Mails by SMTP, text and HTML, one conversation per incident')

/** Ten at once, then one a minute: what comes faster goes out together. */
const rate = { burst: 10, perMs: 600_000 }
const maxSubjects = 1000

/** Mails. Several recipients are several results: who has a mail already does not get it again when another has to be tried again. */
export const emailChannel: ChannelKind<typeof schema> = {
  schema,
  open: (config, context) => {
    const recipients = new Recipients()
    const subjects = new Map<string, string>()
    const texts = textsOf(context.locale, context.timezone)
    const server = serverOf(config)
    return {
      kind: 'email',
      rate,
      send: async (notification, _attempt, signal) => {
        const { addressOf, composeMail, subjectOf, submitMail } = await mailing()
        const { id, message } = notification
        const called = message.contacts.flatMap(({ email }) => (email === null ? [] : [email]))
        for (const each of called) if (!mailboxPattern.test(each)) recipients.note(id, each, { refused: 'it is not a mail address' })
        const to = [
          ...new Map([...config.to, ...called.filter((each) => mailboxPattern.test(each))].map((each) => [addressOf(each), each])).values(),
        ]
        const subject = subjects.get(message.incident) ?? subjectOf(notification, texts)
        remember(subjects, message.incident, subject)
        const mail = await composeMail({ notification, texts, from: config.from, to, subject, nowMs: context.clock.now() })
        const waiting = recipients.waiting(id, to.map(addressOf))
        const refusals = await submitMail(server, { from: addressOf(config.from), to: waiting, message: mail }, signal)
        const refused = new Map(refusals.map((refusal) => [refusal.recipient, refusal]))
        for (const recipient of waiting) {
          const refusal = refused.get(recipient)
          if (refusal === undefined) recipients.note(id, recipient, 'taken')
          else if (refusal.isPermanent)
            recipients.note(id, recipient, { refused: `${oneLine(refusal.why)}; correct the address in the configuration` })
        }
        const passing = refusals.find(({ isPermanent }) => !isPermanent)
        if (passing !== undefined)
          throw new ChannelError('recipient_deferred', `not taken for ${passing.recipient} yet: ${oneLine(passing.why)}`, {
            transient: true,
          })
        recipients.settle(id, (recipient) => recipient)
      },
      close: () => undefined,
    }
  },
}

/** nodemailer costs 2 MB; only who sends mails loads it. */
async function mailing() {
  const [compose, smtp] = await Promise.all([import('./email/compose.ts'), import('./email/smtp.ts')])
  return { ...compose, ...smtp }
}

function serverOf(config: z.infer<typeof schema>): MailServer {
  const { url, user, password, tls, ca_file: caFile = null, timeout: timeoutMs } = config
  const { protocol, hostname, port } = new URL(url)
  const isImplicit = protocol === 'smtps:'
  return {
    host: hostname.replaceAll(/^\[|\]$/g, ''),
    port: port === '' ? (isImplicit ? 465 : 587) : Number(port),
    tls: isImplicit ? 'implicit' : tls,
    login: user === undefined || password === undefined ? null : { user, password },
    caFile,
    timeoutMs,
  }
}

/** The first subject of an incident stays, also when its oldest alert is over. */
function remember(subjects: Map<string, string>, incident: string, subject: string): void {
  if (subjects.size >= maxSubjects) for (const oldest of subjects.keys().take(1)) subjects.delete(oldest)
  subjects.set(incident, subject)
}

function isMailUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && ['smtp:', 'smtps:'].includes(url.protocol) && url.hostname !== '' && url.username === '' && url.search === ''
}
