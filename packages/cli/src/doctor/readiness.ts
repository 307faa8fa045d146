import type { Config } from '../config/open-config.ts'
import type { Finding } from './finding.ts'

/** The six things that an operation needs before its first night: watched, alerted, logged, backed up, restorable, documented. */
export function examineReadiness({ sections }: Pick<Config, 'sections'>): Finding[] {
  const checks = Object.keys(sections.collector.checks).length
  const channels = Object.values(sections.alerter.channels).filter((channel) => channel.kind !== 'log').length
  const unwritten = Object.entries(sections.alerter.rules)
    .filter(([, rule]) => rule.runbook === undefined)
    .map(([name]) => name)
  return [
    checks > 0
      ? { verdict: 'good', what: `watched: this host and ${checks} check${checks === 1 ? '' : 's'}` }
      : { verdict: 'note', what: 'watched: this host, but no service on it', advice: 'add your services under collector.checks' },
    channels > 0
      ? { verdict: 'good', what: `alerted: ${channels} channel${channels === 1 ? '' : 's'} besides the log` }
      : { verdict: 'bad', what: 'alerted: nobody; alerts stand in the log only', advice: 'add a webhook under alerter.channels' },
    { verdict: 'note', what: 'logged: this version does not read log files yet', advice: 'keep the tool that does' },
    { verdict: 'note', what: 'backed up: this version makes no backups yet', advice: 'keep the tool that does' },
    { verdict: 'note', what: 'restorable: this version cannot restore yet', advice: 'try a restore of your backups by hand' },
    unwritten.length === 0
      ? { verdict: 'good', what: 'documented: every rule has a runbook' }
      : {
          verdict: 'note',
          what: `documented: no runbook of their own have ${unwritten.join(', ')}`,
          advice: 'write down what to do, and name it as runbook: in the rule',
        },
  ]
}
