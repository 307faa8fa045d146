import type { LogEvent } from '@nightshift/shared/events/log'

const maxValueLength = 200

/** `2026-01-31 12:00:00.123  error    web-1  app  the message (3 times)  user_id=12345`, local time; a stack trace below, set in. */
export function formatLog(event: LogEvent): string {
  const [first = '', ...more] = event.message.split('\n')
  const times = event.count > 1 ? ` (${event.count} times)` : ''
  const fields = { ...(event.request_id === undefined ? {} : { request_id: event.request_id }), ...event.fields }
  const named = Object.entries(fields)
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${name}=${shorten(String(value))}`)
  const head = `${localTime(event.time)}  ${event.level.padEnd(8)} ${event.host ?? '-'}  ${event.log_source}  ${first}${times}`
  const lines = [named.length === 0 ? head : `${head}  ${named.join(' ')}`, ...more.map((line) => `    ${line}`)]
  return lines.map((line) => harmless(line)).join('\n')
}

function localTime(time: string): string {
  const date = new Date(time)
  const milliseconds = String(date.getMilliseconds()).padStart(3, '0')
  return `${date.toLocaleDateString('sv-SE')} ${date.toLocaleTimeString('en-GB', { hour12: false })}.${milliseconds}`
}

function shorten(value: string): string {
  const short = value.length > maxValueLength ? `${value.slice(0, maxValueLength)}...` : value
  return /[\s"]/.test(short) ? JSON.stringify(short) : short
}

/** What an application logged must not steer the terminal. */
function harmless(line: string): string {
  return line.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, ' ')
}
