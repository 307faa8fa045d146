import { debug, info, warning } from '../level.ts'
import { texts } from '../line-record.ts'
import { parseDayTime } from '../bytes/time-text.ts'
import { headOf, type ParserDefinition } from './parser.ts'

/** `1234:M 21 Oct 2025 13:55:36.123 * Ready to accept connections`. */
const head = /^\d{1,10}:[XCSM] (\d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d{3}) ([.\-*#]) /
const levels: Readonly<Record<string, number>> = { '.': debug, '-': debug, '*': info, '#': warning }

/** The log of Redis and Valkey. Its gravest level is `#`, warning. */
export const redisParser: ParserDefinition = {
  format: 'redis',
  tellsLogins: false,
  isDetected: true,
  open: () => ({
    fill(bytes, start, end, record, receivedMs) {
      const match = head.exec(headOf(bytes, start, end))
      if (match === null) return false
      record.timeMs = parseDayTime(match[1] ?? '', receivedMs)
      record.level = levels[match[2] ?? ''] ?? info
      record.setSpan(texts.message, start + match[0].length, end)
      return true
    },
  }),
}
