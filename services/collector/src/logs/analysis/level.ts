import type { LogLevel } from '../record.ts'
import { ByteTable } from './bytes/byte-table.ts'

/** In order of gravity; the place in this list is the number that a record carries. */
export const levels = ['debug', 'info', 'warning', 'error', 'critical'] as const satisfies readonly LogLevel[]
export const unknownLevel = -1
export const debug = 0
export const info = 1
export const warning = 2
export const error = 3
export const critical = 4

/** As loggers write them, in lower case: Python, pino, winston, syslog, PostgreSQL, nginx, Go, Java. */
const words: Readonly<Record<string, number>> = {
  trace: debug,
  debug,
  debug1: debug,
  debug2: debug,
  debug3: debug,
  debug4: debug,
  debug5: debug,
  verbose: debug,
  silly: debug,
  fine: debug,
  info,
  information: info,
  notice: info,
  log: info,
  success: info,
  http: info,
  detail: info,
  hint: info,
  statement: info,
  context: info,
  warn: warning,
  warning,
  err: error,
  error,
  severe: error,
  crit: critical,
  critical,
  fatal: critical,
  panic: critical,
  alert: critical,
  emerg: critical,
  emergency: critical,
}
const longestWord = 12
const table = new ByteTable<number>(64)
for (const [word, level] of Object.entries(words)) table.add(Buffer.from(word), level)
const lowered = Buffer.alloc(longestWord)

/** The level a word stands for, in any case; -1 for any other word. */
export function levelOfWord(bytes: Uint8Array, from: number, to: number): number {
  const length = to - from
  if (length < 3 || length > longestWord) return unknownLevel
  for (let at = 0; at < length; at++) {
    const byte = bytes[from + at] as number
    lowered[at] = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
  }
  return table.find(lowered, 0, length) ?? unknownLevel
}

/** pino, bunyan: 10 trace to 60 fatal. What is below 8 is syslog's severity, as journald and GELF write it. */
export function levelOfNumber(value: number): number {
  if (!(value >= 0)) return unknownLevel
  if (value < 8) return levelOfSeverity(value)
  return value >= 60 ? critical : value >= 50 ? error : value >= 40 ? warning : value >= 30 ? info : debug
}

/** Severity of syslog, 0 emergency to 7 debug. */
export function levelOfSeverity(severity: number): number {
  return severity <= 2 ? critical : severity === 3 ? error : severity === 4 ? warning : severity <= 6 ? info : debug
}

/** What an HTTP status says where the line has no level of its own. */
export function levelOfStatus(status: number): number {
  return status >= 500 ? error : status >= 400 ? warning : info
}
