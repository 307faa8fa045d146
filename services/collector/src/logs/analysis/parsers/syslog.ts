import { levelOfSeverity, info, levelOfWord, unknownLevel } from '../level.ts'
import { texts, type LineRecord } from '../line-record.ts'
import { parseDayTime, parseIsoTime } from '../bytes/time-text.ts'
import { headOf, type LineParser, type ParserDefinition } from './parser.ts'

/** `<34>Oct 11 22:14:15 web-1 sshd[42]: `, the same without <34> as files hold it, and with an ISO time as rsyslog 8.2210 writes it. */
const traditional =
  /^(?:<(\d{1,3})>)?([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) [^\s]{1,253} ([^\s:[]{1,128})(?:\[\d{1,10}\])?: ?/
/** `<165>1 2003-10-11T22:14:15.003Z web-1 app 42 ID47 [data] `. */
const modern = /^<(\d{1,3})>1 (\S{1,40}) \S{1,255} (\S{1,48}) \S{1,128} \S{1,32} (?:-|(?:\[(?:[^\]\\]|\\.){0,400}\])) ?/

/** RFC 3164 and RFC 5424. */
export const syslogParser: ParserDefinition = { format: 'syslog', tellsLogins: true, isDetected: true, open }
/** auth.log and secure, which are syslog. */
export const authParser: ParserDefinition = { format: 'auth', tellsLogins: true, isDetected: false, open }

function open(): LineParser {
  return { fill }
}

function fill(bytes: Buffer, start: number, end: number, record: LineRecord, receivedMs: number): boolean {
  const head = headOf(bytes, start, end)
  const match = traditional.exec(head) ?? modern.exec(head)
  if (match === null) return false
  const [whole, priority, time = '', program = ''] = match
  const timeFrom = start + head.indexOf(time)
  record.timeMs = /^\d/.test(time) ? parseIsoTime(bytes, timeFrom, timeFrom + time.length) : parseDayTime(time, receivedMs)
  record.setText(texts.logger, program)
  const from = start + whole.length
  record.setSpan(texts.message, from, end)
  record.level = priority === undefined ? levelInMessage(bytes, from, end) : levelOfSeverity(Number(priority) % 8)
  return true
}

/** Files keep no severity, but programs often begin with it: `error: maximum authentication attempts exceeded`. */
function levelInMessage(bytes: Buffer, from: number, end: number): number {
  let to = from
  while (to < end && to < from + 12 && ((bytes[to] as number) | 0x20) >= 0x61 && ((bytes[to] as number) | 0x20) <= 0x7a) to++
  const level = bytes[to] === 0x3a ? levelOfWord(bytes, from, to) : unknownLevel
  return level === unknownLevel ? info : level
}
