import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { ConfigError } from '@nightshift/shared/errors'
import { usualSmsBody, type Answers, type EmailAnswer, type SlackAnswer, type SmsAnswer } from '../init/answers.ts'
import { askAnswers, listOf, type Ask } from '../init/ask-answers.ts'
import { renderConfig } from '../init/render-config.ts'
import { sendTests } from '../init/send-tests.ts'
import { writeConfig } from '../init/write-config.ts'
import { Questions } from '../init/questions.ts'
import { actorOf } from '../operator/ask-alerter.ts'
import { readFlags, type Command, type Terminal } from './command.ts'

const usage = `nightshift init [--file nightshift.yaml] [--yes] [--force] [--no-test] [--host NAME] [--locale en|ko] [--timezone ZONE]
       [--slack-channel #alerts] [--mail-to WHO] [--mail-from WHO] [--smtp URL] [--mail-user NAME]
       [--sms-to NUMBER] [--sms-url URL] [--sms-body TEXT] [--backup-path FOLDER]...
  Asks what the flags leave open; --yes, or no terminal, takes the defaults instead
  --force    writes over a file that is there
  --no-test  sends no test message
  Secrets come from the environment: SLACK_WEBHOOK_URL or SLACK_BOT_TOKEN, SMTP_PASSWORD, SMS_TOKEN`

const options = {
  file: { type: 'string', default: 'nightshift.yaml' },
  yes: { type: 'boolean', default: false },
  force: { type: 'boolean', default: false },
  'no-test': { type: 'boolean', default: false },
  host: { type: 'string' },
  locale: { type: 'string', default: 'en' },
  timezone: { type: 'string' },
  'slack-channel': { type: 'string', default: '#alerts' },
  'mail-to': { type: 'string', multiple: true },
  'mail-from': { type: 'string' },
  smtp: { type: 'string', default: 'smtp://localhost:25' },
  'mail-user': { type: 'string' },
  'sms-to': { type: 'string', multiple: true },
  'sms-url': { type: 'string' },
  'sms-body': { type: 'string', default: usualSmsBody },
  'backup-path': { type: 'string', multiple: true },
} as const

type Flags = ReturnType<typeof readFlags<{ args: string[]; options: typeof options }>>['values']

/** Asks what is needed, writes a configuration with comments, and sends a test message by every channel in it. */
export const init: Command = {
  usage,
  run: async (args, terminal) => {
    const { values } = readFlags({ usage }, { args, options })
    const file = resolve(terminal.cwd, values.file)
    const asks = !values.yes && terminal.isTty && process.stdin.isTTY
    const questions = asks ? new Questions(process.stdin, process.stdout) : undefined
    const ask: Ask | undefined = questions && (async (question, fallback) => await questions.ask(question, fallback))
    try {
      if (
        existsSync(file) &&
        !values.force &&
        !/^y/i.test((await ask?.(`${values.file} is there already; write over it? y or n`, 'n')) ?? 'n')
      )
        throw new ConfigError('usage', `${values.file} is there already and was left alone; name another with --file, or give --force`)
      const known = answersOf(values, terminal)
      const answers = ask === undefined ? known : await askAnswers(known, ask)
      const { base, sections } = await writeConfig(file, renderConfig(answers), terminal)
      terminal.out(`${values.file} is written, and good`)
      const sent = values['no-test'] ? [] : await sendTests(base, sections.alerter, answers.host, actorOf(terminal))
      for (const { channel, error } of sent)
        terminal.out(error === null ? `a test message went out by ${channel}` : `${channel} did not take the test message: ${error}`)
      terminal.out('next: nightshift up')
      return sent.every(({ error }) => error === null) ? 0 : 1
    } finally {
      questions?.close()
    }
  },
}

function answersOf(flags: Flags, terminal: Terminal): Answers {
  const host = (flags.host ?? hostname()).toLowerCase()
  if (flags.locale !== 'en' && flags.locale !== 'ko') throw new ConfigError('usage', `--locale ${flags.locale}: there are en and ko`)
  return {
    host,
    locale: flags.locale,
    timezone: flags.timezone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone,
    slack: slackOf(flags, terminal),
    email: emailOf(flags, host, terminal),
    sms: smsOf(flags, terminal),
    backupPaths: flags['backup-path'] ?? [],
  }
}

function slackOf(flags: Flags, { env }: Terminal): SlackAnswer | null {
  const [webhookUrl, botToken] = [env['SLACK_WEBHOOK_URL'], env['SLACK_BOT_TOKEN']]
  if (botToken !== undefined && botToken !== '') return { botToken, channel: flags['slack-channel'] }
  return webhookUrl === undefined || webhookUrl === '' ? null : { webhookUrl }
}

function emailOf(flags: Flags, host: string, { env }: Terminal): EmailAnswer | null {
  const to = (flags['mail-to'] ?? []).flatMap(listOf)
  if (to.length === 0) return null
  const user = flags['mail-user'] ?? null
  const password = env['SMTP_PASSWORD'] ?? ''
  if (user !== null && password === '') throw new ConfigError('usage', '--mail-user needs a password in the environment: SMTP_PASSWORD')
  const from = flags['mail-from'] ?? `nightshift@${host.includes('.') ? host : `${host}.example.com`}`
  return { url: flags.smtp, user, password: user === null ? null : password, from, to }
}

function smsOf(flags: Flags, { env }: Terminal): SmsAnswer | null {
  const to = (flags['sms-to'] ?? []).flatMap(listOf)
  if (to.length === 0) return null
  const url = flags['sms-url']
  if (url === undefined) throw new ConfigError('usage', '--sms-to needs --sms-url: the URL of your provider')
  return { url, body: flags['sms-body'], token: env['SMS_TOKEN'] ?? null, to }
}
