import { askAlerter } from '../operator/ask-alerter.ts'
import { operatorFlags } from '../operator/connect-operator.ts'
import { describeStanding, isOpen, type AlertStanding } from '../status/alert-standing.ts'
import { readFlags, type Command } from './command.ts'

const usage = `nightshift alerts [--host NAME] [--rule NAME] [--json] [--data DIR | --nats URL]
  Exit code 1 when one fires that nobody took on and nothing mutes`

interface ListedAlert extends AlertStanding {
  fingerprint: string
  rule: string
  host: string | null
  phase: string
  severity: string
  summary: string
  started_time: string
}

/** The alerts that are pending or firing now, with who took them on and what keeps them quiet. */
export const alerts: Command = {
  usage,
  run: async (args, terminal) => {
    const options = {
      ...operatorFlags,
      host: { type: 'string' },
      rule: { type: 'string' },
      json: { type: 'boolean', default: false },
    } as const
    const { values } = readFlags({ usage }, { args, options })
    const { alerts: all, total } = await askAlerter<{ alerts: ListedAlert[]; total: number }>(values, terminal, 'list')
    const list = all.filter(
      ({ host, rule }) => (values.host === undefined || values.host === host) && (values.rule === undefined || values.rule === rule),
    )
    if (values.json) terminal.out(JSON.stringify(list))
    else printAlerts(list, (line) => terminal.out(line))
    if (total > all.length) terminal.err(`${total - all.length} more did not fit into the answer; narrow them by --host or --rule`)
    return list.some((alert) => alert.phase === 'firing' && isOpen(alert)) ? 1 : 0
  },
}

function printAlerts(list: ListedAlert[], out: (line: string) => void): void {
  if (list.length === 0) out('no alerts')
  for (const alert of list) {
    const { severity, phase, fingerprint, rule, host, started_time: since, summary } = alert
    const line = `${severity.padEnd(9)}${phase.padEnd(9)}${fingerprint.slice(0, 8)}  ${rule} on ${host ?? 'the fleet'} since ${since}: ${summary}`
    out(`${line}${describeStanding(alert)}`)
  }
}
