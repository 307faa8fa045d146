import { askAlerter } from '../operator/ask-alerter.ts'
import { operatorFlags } from '../operator/connect-operator.ts'
import { readFlags, type Command } from './command.ts'

const usage = `nightshift alerts [--host NAME] [--rule NAME] [--json] [--data DIR | --nats URL]
  Exit code 1 when one fires that nobody took on and nothing mutes`

interface ListedAlert {
  fingerprint: string
  rule: string
  host: string | null
  phase: string
  severity: string
  summary: string
  started_time: string
  muted?: { kind: string; by: string; until_time: string | null } | null
  acked?: { actor: string; until_time: string | null } | null
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
    return list.some((alert) => alert.phase === 'firing' && alert.muted == null && alert.acked == null) ? 1 : 0
  },
}

function printAlerts(list: ListedAlert[], out: (line: string) => void): void {
  if (list.length === 0) out('no alerts')
  for (const alert of list) {
    const { severity, phase, fingerprint, rule, host, started_time: since, summary } = alert
    const line = `${severity.padEnd(9)}${phase.padEnd(9)}${fingerprint.slice(0, 8)}  ${rule} on ${host ?? 'the fleet'} since ${since}: ${summary}`
    out(`${line}${stateOf(alert)}`)
  }
}

function stateOf({ muted, acked }: ListedAlert): string {
  const until = (time: string | null): string => (time === null ? '' : ` until ${time}`)
  const states = [
    ...(muted == null ? [] : [`${muted.kind} by ${muted.by}${until(muted.until_time)}`]),
    ...(acked == null ? [] : [`acknowledged by ${acked.actor}${until(acked.until_time)}`]),
  ]
  return states.length === 0 ? '' : ` [${states.join('; ')}]`
}
