import { ConfigError } from '@nightshift/shared/errors'
import { formatLog } from '../logs/format-log.ts'
import { parseLogQuery } from '../logs/log-query.ts'
import { searchLogs } from '../logs/search-logs.ts'
import { connectOperator, operatorFlags } from '../operator/connect-operator.ts'
import { readFlags, type Command } from './command.ts'

const usage = `nightshift logs search [--since 1h] [--until WHEN] [--host NAME] [--source LOG] [--level warning]
       [--field user_id=12345]... [--grep REGEX] [--limit 1000] [--json] [--data DIR | --nats URL]
  finds error groups, bursts of failed logins, and the lines of logs that are shipped to the stream (ship: {stream: true})`

const options = {
  ...operatorFlags,
  since: { type: 'string', default: '1h' },
  until: { type: 'string' },
  host: { type: 'string' },
  source: { type: 'string' },
  level: { type: 'string' },
  field: { type: 'string', multiple: true },
  grep: { type: 'string' },
  limit: { type: 'string', default: '1000' },
  json: { type: 'boolean', default: false },
} as const

/** What the logs of all hosts said; exit code 1 when nothing is found. */
export const logs: Command = {
  usage,
  run: async (args, terminal) => {
    const { values, positionals } = readFlags({ usage }, { args, allowPositionals: true, options })
    if (positionals.length !== 1 || positionals[0] !== 'search') throw new ConfigError('usage', `usage: ${usage}`)
    const query = parseLogQuery(values, Date.now())
    const connection = await connectOperator(values, terminal)
    try {
      const { events, matched, looked } = await searchLogs(connection, query)
      for (const event of events) terminal.out(values.json ? JSON.stringify(event) : formatLog(event))
      if (matched > events.length) terminal.err(`${matched - events.length} older ones match too; raise --limit or narrow the search`)
      if (matched === 0) terminal.err(`nothing found among ${looked}; is the log in collector.logs, with ship: {stream: true}?`)
      return matched === 0 ? 1 : 0
    } finally {
      await connection.close()
    }
  },
}
