import { join } from 'node:path'
import { slackToken } from '@nightshift/test-servers/slack'

interface Urls {
  readonly nats: string
  readonly hook: string
  readonly pager: string
  readonly slack: string
  readonly smtp: string
}

const timeout = '500ms'
/** One message for each step of each alert, so that what was heard can be compared with what was said. */
const each = { group_by: ['alert'], group_wait: '0s', group_interval: '0s' }

/** Which alerts there are and who hears of them: the first part of a host's name says it. */
export function alerterConfig(folder: string, urls: Urls): Record<string, unknown> {
  return {
    host: 'hub',
    state_dir: join(folder, 'state'),
    nats: { servers: [urls.nats] },
    http: { port: 0 },
    alerter: {
      default_rules: [],
      rules: {
        failing: { check: '*', hosts: ['web-*', 'flap-*', 'team-*', 'mail-*'] },
        soft: { check: '*', severity: 'warning', hosts: ['group-*'] },
        hot: { metric: 'cpu.usage_ratio', above: { warning: '70%', critical: '90%' }, hosts: ['load-*'] },
      },
      // Who flips six times within this time flaps; the others are slower.
      flapping: { window: '5s' },
      channels: {
        hook: { kind: 'webhook', url: urls.hook, timeout },
        pager: { kind: 'webhook', url: urls.pager, timeout },
        team: { kind: 'slack', bot_token: slackToken, channel: 'C0ALERTS01', api_url: urls.slack, timeout },
        mail: { kind: 'email', url: urls.smtp, tls: 'never', from: 'nightshift@example.com', to: ['ops@example.com'], timeout },
        log: { kind: 'log' },
      },
      route: { channels: ['log'] },
      routes: {
        steps: { match: { host: ['web-*', 'load-*', 'flap-*'] }, channels: ['hook'], ...each },
        groups: { match: { host: 'group-*' }, channels: ['pager'], group_by: ['host'], group_wait: '300ms', group_interval: '1s' },
        team: { match: { host: 'team-*' }, channels: ['team'], ...each },
        mail: { match: { host: 'mail-*' }, channels: ['mail'], ...each },
      },
    },
  }
}
