import { pino, type Logger } from 'pino'
import type { BaseConfig } from '../config/base.ts'
import { isoTime, systemClock, type Clock } from '../clock.ts'
import { ErrorCounts } from './error-counts.ts'
import { lineForPeople } from './log-line.ts'
import { plainValue } from './plain-value.ts'
import { redact, redactText } from './redact.ts'

export type LogLevel = BaseConfig['log']['level']

/**
 * Our levels and those of pino's methods: `debug` detail, `info` normal, `warn` recovered by itself (WARNING), `error` not recovered,
 * `fatal` the whole system (CRITICAL).
 */
const pinoLevels: Record<LogLevel, string> = { debug: 'debug', info: 'info', warning: 'warn', error: 'error', critical: 'fatal' }
const labels: Record<string, string> = { trace: 'DEBUG', debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR', fatal: 'CRITICAL' }
const warnValue = 40

export interface LogOptions {
  /** Stands in every line; the name of the service, or of the command. */
  service: string
  host: string
  level?: LogLevel
  /** `json`: one object per line. `people`: one short line, for a terminal. */
  form?: 'json' | 'people'
  /** Whether `people` may colour the level. */
  color?: boolean
  clock?: Clock
  /** Where errors that are logged at WARNING or above are counted by their code. */
  errors?: ErrorCounts
  /** Takes each finished line; the default is standard output. */
  write?: (line: string) => void
}

/**
 * The log of one service. Every line passes one gate on its way out, where secrets are taken out of message, fields, bindings of child
 * loggers and errors alike.
 */
export function createLog(options: LogOptions): Logger {
  const clock = options.clock ?? systemClock
  const errors = options.errors ?? new ErrorCounts()
  const write = options.write ?? writeToStdout()
  return pino(
    {
      level: pinoLevels[options.level ?? 'info'],
      base: { service: options.service, host: options.host },
      messageKey: 'message',
      errorKey: 'error',
      timestamp: () => `,"time":"${isoTime(clock.now())}"`,
      serializers: { err: (value: unknown) => value },
      formatters: {
        level: (label) => ({ level: labels[label] ?? label.toUpperCase() }),
        log: (fields) => plainValue(fields) as Record<string, unknown>,
      },
      hooks: {
        logMethod(args, method, level) {
          if (level >= warnValue) errorsIn(args[0]).forEach((error) => errors.count(error))
          method.apply(this, args)
        },
      },
    },
    { write: (line: string) => write(finishLine(line, options)) },
  )
}

/** Changes what is written from now on; pino's children made before keep theirs. */
export function setLevel(log: Logger, level: LogLevel): void {
  log.level = pinoLevels[level]
}

function finishLine(line: string, options: LogOptions): string {
  try {
    const fields = redact(JSON.parse(line)) as Record<string, unknown>
    return options.form === 'people' ? lineForPeople(fields, options.color ?? false) : `${JSON.stringify(fields)}\n`
  } catch {
    return redactText(line)
  }
}

/** The errors of a log call; without one, its `code`. */
function errorsIn(first: unknown): unknown[] {
  if (typeof first !== 'object' || first === null || first instanceof Error) return first instanceof Error ? [first] : []
  const errors = Object.values(first).filter((value) => value instanceof Error)
  return errors.length === 0 && 'code' in first ? [first] : errors
}

/** Synchronous, so that the last words of a crash are written. A closed pipe is not an error. */
function writeToStdout(): (line: string) => void {
  const stream = pino.destination({ dest: 1, sync: true })
  return (line) => stream.write(line)
}
