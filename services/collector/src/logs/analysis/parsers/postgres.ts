import { levelOfWord } from '../level.ts'
import { texts } from '../line-record.ts'
import { parseIsoTime } from '../bytes/time-text.ts'
import { headOf, type ParserDefinition } from './parser.ts'

/** The default log_line_prefix `%m [%p] `, Debian's `%m [%p] %q%u@%d `, and what else stands between the time and the level. */
const head =
  /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,3})?) (?:[A-Z]{1,5}|[+-]\d{2,4})(?: [^:]{0,200}?)? (DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|STATEMENT|CONTEXT|QUERY|LOCATION): {1,2}/
const duration = /^duration: (\d{1,12}(?:\.\d{1,3})?) ms/

/** Text log of PostgreSQL with its default prefix. `duration: 12.3 ms` becomes a request. */
export const postgresParser: ParserDefinition = {
  format: 'postgres',
  tellsLogins: true,
  isDetected: true,
  open: () => ({
    fill(bytes, start, end, record) {
      const text = headOf(bytes, start, end)
      const match = head.exec(text)
      if (match === null) return false
      const [whole, time = '', level = ''] = match
      record.timeMs = parseIsoTime(bytes, start, start + time.length)
      const levelAt = start + whole.lastIndexOf(level)
      record.level = levelOfWord(bytes, levelAt, levelAt + level.length)
      if (record.level === -1) record.level = 1
      const from = start + whole.length
      record.setSpan(texts.message, from, end)
      const took = duration.exec(text.slice(whole.length))
      if (took !== null) record.seconds = Number(took[1]) / 1000
      const client = /(?:client|host)=([0-9A-Fa-f.:]{2,45})/.exec(whole)?.[1]
      if (client !== undefined) record.setText(texts.client, client)
      return true
    },
  }),
}
