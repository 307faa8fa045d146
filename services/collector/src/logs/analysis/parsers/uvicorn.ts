import { levelOfStatus, levelOfWord } from '../level.ts'
import { texts } from '../line-record.ts'
import { parseIsoTime } from '../bytes/time-text.ts'
import type { ParserDefinition } from './parser.ts'

/** `INFO:     127.0.0.1:54321 - "GET /items/1 HTTP/1.1" 200 OK`, with a time in front where one was configured. */
const head = /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?)?[ -]{0,4}(TRACE|DEBUG|INFO|WARNING|ERROR|CRITICAL): {3,8}/
const access = /^([0-9A-Za-z.:_-]{1,64}):\d{1,5} - "([A-Z]{3,12}) ([^ "]{1,4000}) HTTP\/[\d.]{1,3}" (\d{3})/

/** Default and access lines of uvicorn, as FastAPI prints them. */
export const uvicornParser: ParserDefinition = {
  format: 'uvicorn',
  tellsLogins: false,
  isDetected: true,
  open: () => ({
    fill(bytes, start, end, record) {
      const text = bytes.toString('latin1', start, Math.min(end, start + 4200))
      const match = head.exec(text)
      if (match === null) return false
      const [whole, time, level = ''] = match
      if (time !== undefined) record.timeMs = parseIsoTime(bytes, start, start + time.length)
      const levelAt = start + whole.indexOf(level)
      record.level = levelOfWord(bytes, levelAt, levelAt + level.length)
      const from = start + whole.length
      record.setSpan(texts.message, from, end)
      const request = text[whole.length] === '"' ? null : access.exec(text.slice(whole.length))
      if (request === null) return true
      const [, client = '', method = '', path = '', status] = request
      record.setSpan(texts.client, from, from + client.length)
      const methodAt = bytes.indexOf(0x22, from) + 1
      record.setSpan(texts.method, methodAt, methodAt + method.length)
      record.setSpan(texts.path, methodAt + method.length + 1, methodAt + method.length + 1 + path.length)
      record.isAccess = true
      record.status = Number(status)
      record.level = Math.max(record.level, levelOfStatus(record.status))
      return true
    },
  }),
}
