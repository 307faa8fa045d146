import type { LogFieldNames } from '../../../config/log-analysis.ts'
import { texts } from '../line-record.ts'

/** What a wanted value becomes. Texts have the number of their field in a record. */
export const level = 100
export const time = 101
export const status = 102
export const seconds = 103
export const responseBytes = 104
export const severity = 105

export interface WantedName {
  readonly name: string
  readonly target: number
  /** Of a length of time: its unit in seconds. */
  readonly scale: number
}

const millisecond = 1e-3
/** Under which keys loggers write what; the first that has a usable value counts. */
const known: readonly (readonly [target: number, names: readonly string[]])[] = [
  [level, ['level', 'levelname', 'severity', 'lvl', 'log.level', 'log_level', 'loglevel', 'record.level.name', 'SeverityText']],
  [severity, ['PRIORITY']],
  [
    time,
    [
      'time',
      'timestamp',
      '@timestamp',
      'ts',
      'asctime',
      'datetime',
      'date',
      '__REALTIME_TIMESTAMP',
      't',
      'time_iso8601',
      'time_local',
      'StartUTC',
    ],
  ],
  [texts.message, ['msg', 'message', 'event', 'MESSAGE', 'log', 'text', 'short_message', 'record.message']],
  [
    texts.method,
    ['req.method', 'method', 'http_method', 'request_method', 'http.request.method', 'http.method', 'request.method', 'RequestMethod'],
  ],
  [
    texts.path,
    [
      'req.url',
      'path',
      'url',
      'uri',
      'request_uri',
      'url.path',
      'http.target',
      'http.route',
      'request.path',
      'request.uri',
      'endpoint',
      'RequestPath',
      'request',
    ],
  ],
  [
    status,
    [
      'res.statusCode',
      'status',
      'status_code',
      'statusCode',
      'http_status',
      'http.response.status_code',
      'http.status_code',
      'response.status',
      'DownstreamStatus',
    ],
  ],
  [
    texts.client,
    [
      'req.remoteAddress',
      'client_ip',
      'remote_addr',
      'client',
      'ip',
      'remote_ip',
      'remoteAddress',
      'client.address',
      'client.ip',
      'request.remote_ip',
      'http_x_forwarded_for',
      'ClientHost',
    ],
  ],
  [
    responseBytes,
    [
      'res.contentLength',
      'bytes',
      'body_bytes_sent',
      'bytes_sent',
      'response_bytes',
      'size',
      'http.response.body.size',
      'DownstreamContentSize',
    ],
  ],
  [
    texts.request_id,
    ['req.id', 'request_id', 'requestId', 'reqId', 'req_id', 'correlation_id', 'correlationId', 'trace_id', 'x_request_id'],
  ],
  [texts.logger, ['logger', 'name', 'logger_name', 'SYSLOG_IDENTIFIER', 'record.name', 'module']],
  [texts.error_type, ['err.type', 'error.type', 'exc_type', 'exception.type', 'error_type']],
  [
    texts.stack,
    ['err.stack', 'stack', 'exc_info', 'exception', 'traceback', 'stacktrace', 'stack_trace', 'error.stack_trace', 'error.stack'],
  ],
  [texts.user, ['user', 'username', 'user_id', 'userId']],
]
/** Lengths of time by their unit; those of `bare` say none and take that of the config. */
const knownSeconds = {
  bare: ['duration', 'latency', 'elapsed', 'took', 'process_time', 'response_time', 'elapsed_time'],
  '1': ['request_time', 'duration_seconds', 'duration_s', 'latency_seconds', 'response_time_seconds', 'http.server.request.duration'],
  '1e-3': [
    'responseTime',
    'duration_ms',
    'durationMs',
    'latency_ms',
    'latencyMs',
    'elapsed_ms',
    'response_time_ms',
    'process_time_ms',
    'request_time_ms',
  ],
  '1e-6': ['duration_us', 'latency_us'],
  '1e-9': ['Duration', 'duration_ns', 'event.duration'],
} as const

/** All wanted names, those of the config first. */
export function wantedNames(names: LogFieldNames, bareScale: number = millisecond): WantedName[] {
  const own: WantedName[] = []
  const add = (target: number, name: string | undefined, scale = 1): void => {
    if (name !== undefined) own.push({ name, target, scale })
  }
  const targets = { level, time, status, bytes: responseBytes, ...texts }
  for (const [field, target] of Object.entries(targets)) add(target, names[field as keyof LogFieldNames])
  add(seconds, names.duration, bareScale)
  for (const [target, each] of known) for (const name of each) add(target, name)
  for (const [scale, each] of Object.entries(knownSeconds))
    for (const name of each) add(seconds, name, scale === 'bare' ? bareScale : Number(scale))
  return own
}
