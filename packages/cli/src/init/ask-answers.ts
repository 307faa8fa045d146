import { usualSmsBody, type Answers, type EmailAnswer, type SlackAnswer, type SmsAnswer } from './answers.ts'

/** Somebody who answers. An empty answer takes the default. */
export type Ask = (question: string, fallback?: string) => Promise<string>

/** Asks for everything that the flags left open. What is not wanted is skipped by an empty answer. */
export async function askAnswers(known: Answers, ask: Ask): Promise<Answers> {
  const host = await ask('Name of this host', known.host)
  const locale = (await ask('Language of messages, en or ko', known.locale)) === 'ko' ? 'ko' : 'en'
  const timezone = await ask('Time zone', known.timezone)
  return {
    host,
    locale,
    timezone,
    slack: known.slack ?? (await askSlack(ask)),
    email: known.email ?? (await askEmail(ask, host)),
    sms: known.sms ?? (await askSms(ask)),
    backupPaths: known.backupPaths.length > 0 ? known.backupPaths : listOf(await ask('Folders worth a backup, for example /etc /srv')),
  }
}

async function askSlack(ask: Ask): Promise<SlackAnswer | null> {
  const answer = await ask('Slack: the URL of an incoming webhook, or a bot token (xoxb-...); empty for no Slack')
  if (answer === '') return null
  if (!answer.startsWith('xox')) return { webhookUrl: answer }
  return { botToken: answer, channel: await ask('Slack: the channel that the bot writes to', '#alerts') }
}

async function askEmail(ask: Ask, host: string): Promise<EmailAnswer | null> {
  const to = listOf(await ask('Mail: who gets it, for example ops@example.com; empty for no mail'))
  if (to.length === 0) return null
  const url = await ask('Mail: the server', 'smtp://localhost:25')
  const user = await ask('Mail: log in as; empty for no login')
  const password = user === '' ? '' : await ask('Mail: password')
  const from = await ask('Mail: sender', `nightshift@${host.includes('.') ? host : `${host}.example.com`}`)
  return { url, user: user === '' ? null : user, password: user === '' ? null : password, from, to }
}

async function askSms(ask: Ask): Promise<SmsAnswer | null> {
  const to = listOf(await ask('SMS: phone numbers, for example +821012345678; empty for no SMS'))
  if (to.length === 0) return null
  const url = await ask('SMS: the URL of your provider')
  const body = await ask('SMS: what is sent there; {phone} and {text} are filled in', usualSmsBody)
  const token = await ask('SMS: token of the provider; empty for none')
  return { url, body, token: token === '' ? null : token, to }
}

/** Names that stand apart by blanks or commas. */
export function listOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '')
}
