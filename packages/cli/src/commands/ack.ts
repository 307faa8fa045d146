import { parseDuration } from '@nightshift/shared/config/scalars'
import { ConfigError } from '@nightshift/shared/errors'
import { actorOf, askAlerter } from '../operator/ask-alerter.ts'
import { operatorFlags } from '../operator/connect-operator.ts'
import { readFlags, type Command } from './command.ts'

const usage = `nightshift ack ALERT [--comment TEXT] [--for 2h] [--actor NAME] [--undo] [--json] [--data DIR | --nats URL]
  ALERT is a fingerprint, or the beginning of one; nightshift alerts shows it
  --for   it calls again after that; without it, only when it was resolved and comes back
  --undo  nobody has it any more: it is said again and escalated as before`

/** Takes an alert on: it is neither repeated nor escalated. */
export const ack: Command = {
  usage,
  run: async (args, terminal) => {
    const { values, positionals } = readFlags(
      { usage },
      {
        args,
        allowPositionals: true,
        options: {
          ...operatorFlags,
          comment: { type: 'string', default: '' },
          for: { type: 'string' },
          actor: { type: 'string' },
          undo: { type: 'boolean', default: false },
          json: { type: 'boolean', default: false },
        },
      },
    )
    const [alert, ...rest] = positionals
    if (alert === undefined || rest.length > 0) throw new ConfigError('usage', `say which alert\nusage: ${usage}`)
    const request = {
      alert,
      actor: values.actor ?? actorOf(terminal),
      ...(values.undo ? {} : { comment: values.comment, ...forSeconds(values.for) }),
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

function forSeconds(text: string | undefined): { for_seconds?: number } {
  if (text === undefined) return {}
  const ms = parseDuration(text)
  if (ms === undefined || ms === 0) throw new ConfigError('usage', `--for ${text}: write how long, for example 30m or 2h`)
  return { for_seconds: ms / 1000 }
}
