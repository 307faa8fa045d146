import { z } from 'zod'
import { duration } from '@nightshift/shared/config/scalars'
import { describeError, isTransient } from '@nightshift/shared/errors'
import { textsOf } from '../texts/texts.ts'
import { ChannelError, type ChannelKind } from './channel.ts'
import { HttpPoster } from './http-poster.ts'
import { Recipients } from './recipients.ts'
import { Budget } from './sms/budget.ts'
import { fillRequest } from './sms/request-template.ts'
import { shortText } from './sms/short-text.ts'
import { webAddress } from './web-address.ts'

const phone = () => z.string().regex(/^\+?[0-9][0-9 -]{4,28}$/, 'is not a phone number; write +82 10-1234-5678')

const schema = z
  .strictObject({
    kind: z.literal('sms'),
    url: webAddress().describe(
      'Of the provider, or url_file. {phone}, {text}, {id} and {token} are filled in here, in headers and in body',
    ),
    method: z.enum(['GET', 'POST', 'PUT']).default('POST'),
    headers: z
      .record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'is not the name of a header'), z.string().max(4096))
      .default({})
      .describe('For example authorization: Bearer {token}. The content-type decides how values are written into body'),
    body: z.string().max(65_536).default('').describe('JSON, a form, XML or text'),
    token: z.string().min(1).max(4096).optional().describe('For {token}, or token_file'),
    expect: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('Stands in the answer when the message was taken, for providers that answer 200 to everything'),
    to: z.array(phone()).min(1).max(20).describe('Everybody gets every message; contacts that an escalation calls come on top'),
    daily_budget: z
      .int()
      .min(1)
      .max(1000)
      .default(20)
      .describe('Messages for one number within 24 hours; what comes on top is told of by the other channels'),
    max_parts: z.int().min(1).max(4).default(1).describe('Parts of a message: one holds 160 letters, or 70 when there is Korean in it'),
    timeout: duration({ min: 100, max: 120_000 }).prefault('15s').describe('For one attempt as a whole'),
  })
  .superRefine(({ url, body, headers, token }, context) => {
    const places = [url, body, ...Object.values(headers)].join('\n')
    for (const name of ['phone', 'text'])
      if (!places.includes(`{${name}}`))
        context.addIssue({ code: 'custom', path: ['body'], message: `nowhere says {${name}}; write it into url or body` })
    if (places.includes('{token}') && token === undefined)
      context.addIssue({ code: 'custom', path: ['token'], message: 'is missing, and {token} asks for it' })
  })
  .describe('Short messages to phones, through the HTTP interface of any provider')

/** Three at once, then one in five minutes: what comes faster goes out together. */
const rate = { burst: 3, perMs: 900_000 }

/** Text messages. Each number is a result of its own: who has a message already does not get it again when another has to be tried again. */
export const smsChannel: ChannelKind<typeof schema> = {
  schema,
  open: (config, { clock, locale, timezone }) => {
    const { url, method, headers, body, token = '', expect, timeout: timeoutMs } = config
    const texts = textsOf(locale, timezone)
    const recipients = new Recipients()
    const budget = new Budget(config.daily_budget, clock.now())
    const sendOne = async (values: { phone: string; text: string; id: string }, signal: AbortSignal): Promise<void> => {
      const request = fillRequest({ url, method, headers, body }, { ...values, token })
      const poster = new HttpPoster({ url: request.url, method, timeoutMs, clock })
      try {
        const answer = await poster.post(request.body, request.headers, signal)
        if (expect !== undefined && !answer.includes(expect))
          throw new ChannelError('sms_refused', `${request.url.host} answered without "${expect}": ${answer}`, { transient: false })
      } finally {
        poster.close()
      }
    }
    return {
      kind: 'sms',
      rate,
      ledger: budget,
      send: async (notification, _attempt, signal) => {
        const { id, message } = notification
        const called = message.contacts.flatMap((contact) => (contact.phone === null ? [] : [contact.phone]))
        const phones = [...new Set([...config.to, ...called].map(dialled))]
        const text = shortText(notification, texts, config.max_parts)
        let deferred: unknown
        for (const each of recipients.waiting(id, phones)) {
          if (!budget.take(each, clock.now())) {
            recipients.note(id, each, { refused: `its ${config.daily_budget} messages of this day are used up (daily_budget)` })
            continue
          }
          try {
            await sendOne({ phone: each, text, id }, signal)
            recipients.note(id, each, 'taken')
          } catch (error) {
            // Whether an answer that did not come was a yes, nobody knows; it may have to be paid.
            if (!(error instanceof ChannelError && error.code === 'timeout')) budget.giveBack(each)
            if (isTransient(error)) deferred ??= error
            else recipients.note(id, each, { refused: describeError(error) })
          }
          if (signal.aborted) break
        }
        if (deferred !== undefined) throw deferred
        recipients.settle(id, masked)
      },
      close: () => undefined,
    }
  },
}

/** Digits only, as providers take them. */
function dialled(phone: string): string {
  return phone.replaceAll(/[^0-9+]/g, '')
}

/** Enough to know whose it is; errors are read by many. */
function masked(phone: string): string {
  return `…${phone.slice(-4)}`
}
