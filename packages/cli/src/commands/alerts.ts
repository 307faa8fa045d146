import { BusError, NightshiftError } from '@nightshift/shared/errors'
import { rpcSubject } from '@nightshift/shared/subjects'
import { connectOperator, operatorFlags } from '../operator/connect-operator.ts'
import { readFlags, type Command } from './command.ts'

const usage = 'nightshift alerts [--json] [--data DIR | --nats URL]'

interface ListedAlert {
  rule: string
  host: string | null
  phase: string
  severity: string
  summary: string
  started_time: string
}

/** The alerts that are pending or firing now; exit code 1 when one fires. */
export const alerts: Command = {
  usage,
  run: async (args, terminal) => {
    const { values } = readFlags({ usage }, { args, options: { ...operatorFlags, json: { type: 'boolean', default: false } } })
    const connection = await connectOperator(values, terminal)
    try {
      const reply = await connection.request(rpcSubject('alerter', 'list'), '{}', { timeout: 5000 }).catch((cause: unknown) => {
        throw new BusError('no_alerter', 'no alerter answers on this bus; is the service running? see nightshift status', {
          cause,
          transient: true,
        })
      })
      const failure = reply.headers?.get('Nats-Service-Error')
      if (failure !== undefined && failure !== '') throw new NightshiftError('alerter_refused', `the alerter says: ${failure}`)
      const { alerts: list } = reply.json<{ alerts: ListedAlert[] }>()
      if (values.json) terminal.out(JSON.stringify(list))
      else printAlerts(list, (line) => terminal.out(line))
      return list.some((alert) => alert.phase === 'firing') ? 1 : 0
    } finally {
      await connection.close()
    }
  },
}

function printAlerts(list: ListedAlert[], out: (line: string) => void): void {
  if (list.length === 0) out('no alerts')
  for (const alert of list) {
    out(
      `${alert.severity.padEnd(9)}${alert.phase.padEnd(9)}${alert.rule} on ${alert.host ?? 'the fleet'} since ${alert.started_time}: ${alert.summary}`,
    )
  }
}
