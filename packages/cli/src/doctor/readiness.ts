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
    ...backupFindings(sections.backup),
    unwritten.length === 0
      ? { verdict: 'good', what: 'documented: every rule has a runbook' }
      : {
          verdict: 'note',
          what: `documented: no runbook of their own have ${unwritten.join(', ')}`,
          advice: 'write down what to do, and name it as runbook: in the rule',
        },
  ]
}

function backupFindings({ jobs, destinations }: Config['sections']['backup']): Finding[] {
  const all = Object.entries(jobs)
  if (all.length === 0)
    return [
      { verdict: 'note', what: 'backed up: nothing', advice: 'add jobs under backup.jobs; docs/backup.md begins with one' },
      { verdict: 'note', what: 'restorable: nothing', advice: 'what is not backed up cannot be restored' },
    ]
  const unplanned = all.filter(([, job]) => job.schedule === undefined && job.on_change === undefined).map(([name]) => name)
  const offSite = Object.values(destinations).some((destination) => destination.off_site)
  const jobsText = `${all.length} job${all.length === 1 ? '' : 's'}`
  return [
    unplanned.length > 0
      ? { verdict: 'note', what: `backed up: ${jobsText}, but ${unplanned.join(', ')} only on request`, advice: 'give each a schedule' }
      : { verdict: 'good', what: `backed up: ${jobsText}, by schedule or on change` },
    offSite
      ? { verdict: 'good', what: 'restorable: also when this place is lost, by an off-site destination' }
      : { verdict: 'note', what: 'restorable: not when this place is lost', advice: 'add a destination elsewhere, with off_site: true' },
  ]
}
