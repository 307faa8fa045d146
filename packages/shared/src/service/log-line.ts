const colors: Record<string, string> = { DEBUG: '\u001B[2m', WARNING: '\u001B[33m', ERROR: '\u001B[31m', CRITICAL: '\u001B[1;31m' }
const colorOff = '\u001B[0m'
const inColumns = ['level', 'time', 'service', 'host', 'message', 'error', 'err']
const onlyForSearch = ['instance', 'correlation_id', 'subject', 'run', 'notification', 'fingerprint', 'epoch', 'labels']
const inTheMessage = ['alert_host', 'phase', 'severity', 'started_time', 'channel']
/** The JSON form has them all. */
const notShown = new Set([...inColumns, ...onlyForSearch, ...inTheMessage])
const maxLineLength = 2000

/** A log entry as one line of a terminal: `12:03:11 alerter   INFO     firing web-down on web-1 value=0.93`. Local time. */
export function lineForPeople(fields: Record<string, unknown>, color: boolean): string {
  const level = textOf(fields['level'])
  const message = textOf(fields['message'])
  const error = fields['error'] ?? fields['err']
  const rest = Object.entries(fields)
    .filter(([key, value]) => !notShown.has(key) && value !== null)
    .map(([key, value]) => ` ${key}=${textOf(value)}`)
  const text = `${message}${rest.join('')}${describe(error, message)}`
  const paint = color ? colors[level] : undefined
  const label = paint === undefined ? level.padEnd(8) : `${paint}${level.padEnd(8)}${colorOff}`
  const stack = level === 'CRITICAL' ? stackOf(error) : ''
  return `${localTime(textOf(fields['time']))} ${textOf(fields['service']).padEnd(9)} ${label} ${oneLine(text)}${stack}\n`
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

function describe(error: unknown, message: string): string {
  if (error === undefined) return ''
  if (typeof error !== 'object' || error === null) return ` (${textOf(error)})`
  const { code, message: reason, cause } = error as { code?: unknown; message?: unknown; cause?: unknown }
  const parts = [code, reason === message ? undefined : reason].filter((part) => typeof part === 'string')
  return `${parts.length === 0 ? '' : ` (${parts.join(': ')})`}${describe(cause, message)}`
}

function stackOf(error: unknown): string {
  const stack = typeof error === 'object' && error !== null && 'stack' in error ? textOf(error.stack) : ''
  return stack === '' ? '' : `\n${stack.split('\n').slice(0, 20).map(oneLine).join('\n')}`
}

/** What comes from outside must not move the cursor, colour the terminal or forge a line. */
function oneLine(text: string): string {
  const visible = text.replaceAll(/[\u0000-\u001F\u007F-\u009F\u2028\u2029]+/g, ' ')
  return visible.length <= maxLineLength ? visible : `${visible.slice(0, maxLineLength)}…`
}

function localTime(time: string): string {
  const date = new Date(time)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
}
