import { ConfigError } from '@nightshift/shared/errors'
import { actorOf, askAlerter } from '../operator/ask-alerter.ts'
import { operatorFlags } from '../operator/connect-operator.ts'
import { readFlags, type Command } from './command.ts'
import { readDuration } from './time-flags.ts'

const usage = `nightshift ack ALERT [--comment TEXT] [--for 2h] [--actor NAME] [--undo] [--json] [--data DIR | --nats URL]
  ALERT is a fingerprint, or the beginning of one; nightshift alerts shows it
  --for   it calls again after that; without it, only when it was resolved and comes back
  --undo  nobody has it any more: it is said again and escalated as before`

const options = {
  ...operatorFlags,
  comment: { type: 'string', default: '' },
  for: { type: 'string' },
  actor: { type: 'string' },
  undo: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

/** Takes an alert on: it is neither repeated nor escalated. */
export const ack: Command = {
  usage,
  run: async (args, terminal) => {
    const { values, positionals } = readFlags({ usage }, { args, allowPositionals: true, options })
    const [alert, ...rest] = positionals
    if (alert === undefined || rest.length > 0) throw new ConfigError('usage', `say which alert\nusage: ${usage}`)
    const request = {
      alert,
      actor: values.actor ?? actorOf(terminal),
      ...(values.undo ? {} : { comment: values.comment }),
      ...(values.undo || values.for === undefined ? {} : { for_seconds: readDuration('--for', values.for) / 1000 }),
    }
    const done = await askAlerter<{ fingerprint: string; rule: string; host: string | null; actor: string }>(
      values,
      terminal,
      values.undo ? 'unack' : 'ack',
      request,
    )
    const about = `${done.rule} on ${done.host ?? 'the fleet'}`
    if (values.json) terminal.out(JSON.stringify(done))
    else
      terminal.out(values.undo ? `nobody has ${about} any more` : `${done.actor} has ${about}: it is not said again, nobody else is called`)
    return 0
  },
}
