import type { Msg } from '@nats-io/transport-node'
import { parseEvent, type Received } from '@nightshift/shared/events/parse'
import { describeError, ConfigError } from '@nightshift/shared/errors'
import { filterSubject, kinds, type Kind } from '@nightshift/shared/subjects'
import { connectOperator, operatorFlags } from '../operator/connect-operator.ts'
import { formatEvent } from '../tap/format-event.ts'
import { readFlags, type Command } from './command.ts'

const usage = `nightshift tap [--kind KIND[,KIND]] [--host NAME] [--json] [--count N] [--data DIR | --nats URL]
  kinds: ${kinds.join(', ')}; without --kind everything but metric, check and agent`

const quietKinds: readonly Kind[] = ['metric', 'check', 'agent']

/** Everything that happens, one line each, as it happens. */
export const tap: Command = {
  usage,
  run: async (args, terminal) => {
    const { values } = readFlags(
      { usage },
      {
        args,
        options: {
          ...operatorFlags,
          kind: { type: 'string' },
          host: { type: 'string' },
          json: { type: 'boolean', default: false },
          count: { type: 'string' },
        },
      },
    )
    const wanted = readKinds(values.kind)
    const limit = values.count === undefined ? Number.POSITIVE_INFINITY : Number(values.count)
    const connection = await connectOperator(values, terminal)
    let shown = 0
    const show = (message: Msg): void => {
      if (shown >= limit) return
      shown++
      terminal.out(values.json ? JSON.stringify({ subject: message.subject, event: message.json() }) : describe(message))
      if (shown >= limit) void connection.close()
    }
    for (const kind of wanted) {
      const filter = filterSubject(kind, values.host === undefined ? {} : { host: values.host })
      connection.subscribe(filter, {
        callback: (error, message) => (error === null ? show(message) : terminal.err(`not allowed to read ${filter}`)),
      })
    }
    const stop = (): void => void connection.close()
    process.once('SIGINT', stop).once('SIGTERM', stop)
    const error = await connection.closed()
    process.off('SIGINT', stop).off('SIGTERM', stop)
    if (error instanceof Error) terminal.err(`the bus went away: ${describeError(error)}`)
    return error instanceof Error ? 1 : 0
  },
}

function readKinds(flag: string | undefined): Kind[] {
  if (flag === undefined) return kinds.filter((kind) => !quietKinds.includes(kind))
  return flag.split(',').map((name) => {
    const kind = kinds.find((known) => known === name.trim())
    if (kind === undefined) throw new ConfigError('usage', `--kind ${name}: there is no such kind; there are ${kinds.join(', ')}`)
    return kind
  })
}

function describe(message: Msg): string {
  let received: Received
  try {
    received = parseEvent(message.subject, message.data)
  } catch (error) {
    return `?         ${message.subject}  ${describeError(error)}`
  }
  return formatEvent(received)
}
