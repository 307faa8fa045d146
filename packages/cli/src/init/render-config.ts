import type { Answers, EmailAnswer, SlackAnswer, SmsAnswer } from './answers.ts'

/** The configuration as a file for people: every part says what it is for. */
export function renderConfig(answers: Answers): string {
  const { host, locale, timezone, slack, email, sms, backupPaths } = answers
  return [
    '# Written by nightshift init. It holds secrets: only its owner may read it.',
    '# Every key: docs/configuration-reference.md. After a change: nightshift check-config',
    'version: 1',
    '',
    '# Name of this host in events and messages.',
    `host: ${text(host)}`,
    '# Language of messages, and the zone in which times are written.',
    `locale: ${locale}`,
    `timezone: ${text(timezone)}`,
    '',
    '# What is watched runs on its defaults: processor, memory, disks, network. Checks are your own:',
    '# collector:',
    '#   checks:',
    '#     web: { kind: http, url: "http://localhost:8080/health", every: 10s }',
    '',
    'alerter:',
    '  channels:',
    '    # A line in the log of the alerter, always.',
    '    log: { kind: log }',
    ...(slack === null ? [] : slackLines(slack)),
    ...(email === null ? [] : emailLines(email)),
    ...(sms === null ? [] : smsLines(sms)),
    '  # The default rules stand in services/alerter/README.md. One of yours with the same name replaces one; try them with nightshift rules test.',
    '  # rules:',
    '  #   cpu-high: { metric: cpu.usage_ratio, above: { warning: 85%, critical: 95% }, for: 5m, clear: 75% }',
    ...(backupPaths.length === 0
      ? []
      : [
          '',
          '# Backups: put a password into a file (openssl rand -base64 32, chmod 600; keep a copy outside of this host), take the # away,',
          '# and make the repository with: nightshift backup init',
          '# backup:',
          '#   password_file: /etc/nightshift/backup-password',
          '#   destinations:',
          '#     disk: { kind: local, path: /var/backups/nightshift }',
          '#   jobs:',
          `#     folders: { source: { kind: directory, paths: [${backupPaths.map(text).join(', ')}] }, schedule: daily, rpo: 24h, rto: 4h }`,
        ]),
    '',
  ].join('\n')
}

function slackLines(slack: SlackAnswer): string[] {
  const keys =
    'webhookUrl' in slack
      ? [
          '      # An incoming webhook: a new message each time. A bot (bot_token, channel) edits its messages instead.',
          `      webhook_url: ${text(slack.webhookUrl)}`,
        ]
      : [
          '      # One message per incident, edited in place.',
          `      bot_token: ${text(slack.botToken)}`,
          `      channel: ${text(slack.channel)}`,
        ]
  return ['    slack:', '      kind: slack', ...keys]
}

function emailLines({ url, user, password, from, to }: EmailAnswer): string[] {
  return [
    '    # Mail goes out for what is critical, unless a route says otherwise.',
    '    email:',
    '      kind: email',
    `      url: ${text(url)}`,
    ...(isOnThisHost(url) ? ['      # A server on this host: nothing leaves it unencrypted.', '      tls: optional'] : []),
    ...(user === null ? [] : [`      user: ${text(user)}`, `      password: ${text(password ?? '')}`]),
    `      from: ${text(from)}`,
    `      to: [${to.map(text).join(', ')}]`,
  ]
}

function smsLines({ url, body, token, to }: SmsAnswer): string[] {
  return [
    '    # SMS go out for what is critical, at most daily_budget of them to one number.',
    '    sms:',
    '      kind: sms',
    `      url: ${text(url)}`,
    `      body: ${text(body)}`,
    `      headers: { content-type: application/json${token === null ? '' : ', authorization: "Bearer {token}"'} }`,
    ...(token === null ? [] : [`      token: ${text(token)}`]),
    `      to: [${to.map(text).join(', ')}]`,
  ]
}

function isOnThisHost(url: string): boolean {
  const host = URL.parse(url)?.hostname
  return host === 'localhost' || host === '127.0.0.1' || host === '[::1]'
}

/** In double quotes, which YAML reads as JSON does; a plain ${ is no placeholder. */
function text(value: string): string {
  return JSON.stringify(value).replaceAll('${', () => '$${')
}
